/**
 * Renders the texts of receivers: Alertmanager's default templates, over them those of the configuration's files, and
 * over them the text itself. The files are read once, as Alertmanager reads them when it takes a configuration.
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { messageOf, TocsinError } from '../../domain/errors';
import { alertmanagerFunctions } from '../../template/alertmanager/functions';
import { notificationObject, type NotificationData } from '../../template/alertmanager/data';
import { compileTemplate, TemplateError, type Template } from '../../template/template';
import { CallError, define } from '../../template/value/functions';
import { Refused } from './outcome';
import { DEFAULT_TEMPLATES } from '../../template/alertmanager/default-templates';

export interface Rendering {
  /** Throws Refused for what is no template, or cannot be executed. */
  text(source: string): string;
  /** The same for HTML: values are escaped by where they stand. */
  html(source: string): string;
}

export interface Templates {
  of(data: NotificationData): Rendering;
  /** The data with its route's labels expanded: their values may be templates, which may ask for each other. */
  withRouteLabels(data: NotificationData): NotificationData;
}

/** A group may have thousands of alerts, and each is to be told: far more than a rule's annotation may use. */
const LIMITS = { output: 16 * 1_048_576, steps: 20_000_000 };

const NAMES = alertmanagerFunctions({ now: 0, routeLabels: {} });

interface Source {
  readonly name: string;
  readonly text: string;
}

/** `files`: of the configuration's `templates`, in the order in which they replace each other. */
export function createTemplates(files: readonly string[], now: () => number): Templates {
  const library: Source[] = [{ name: 'default', text: DEFAULT_TEMPLATES }, ...files.map(sourceOf)];
  const compiled = { text: compiler(library, false), html: compiler(library, true) };
  return {
    withRouteLabels: (data) => ({
      ...data,
      routeLabels: Object.values(data.routeLabels).some((value) => value.includes('{{'))
        ? expanded(data, compiled.text, now())
        : data.routeLabels,
    }),
    of(data) {
      const object = notificationObject(data);
      const functions = alertmanagerFunctions({ now: now(), routeLabels: data.routeLabels });
      const render = (compile: Compile, source: string): string =>
        refusing(() => compile(source).execute(object, functions));
      return {
        // Most texts are no templates; a secret among them is kept nowhere.
        text: (source) => (source.includes('{{') ? render(compiled.text, source) : source),
        html: (source) => render(compiled.html, source),
      };
    },
  };
}

type Compile = (source: string) => Template;

/** As in Alertmanager, a label that cannot be rendered is left out, and the others are there. */
function expanded(data: NotificationData, compile: Compile, now: number): Readonly<Record<string, string>> {
  const object = notificationObject({ ...data, notification_reason: 'unknown' });
  const done = new Map<string, string>();
  const underWay: string[] = [];
  const resolve = (name: string): string => {
    if (!Object.hasOwn(data.routeLabels, name)) return '';
    if (underWay.includes(name))
      throw new CallError(`route labels in a circle: ${[...underWay, name].join(' -> ')}`);
    underWay.push(name);
    try {
      const value = done.get(name) ?? compile(data.routeLabels[name]!).execute(object, functions);
      done.set(name, value);
      return value;
    } finally {
      underWay.pop();
    }
  };
  const functions = {
    ...alertmanagerFunctions({ now, routeLabels: {} }),
    routeLabels: define(['string'], resolve),
  };
  return Object.fromEntries(
    Object.keys(data.routeLabels).flatMap((name) => {
      try {
        return [[name, resolve(name)]];
      } catch {
        return [];
      }
    }),
  );
}

/** Each text is compiled once: there are as many as the configuration has. */
function compiler(library: readonly Source[], isHtml: boolean): Compile {
  const made = new Map<string, Template>();
  return (source) => {
    const known = made.get(source);
    if (known !== undefined) return known;
    const template = compileTemplate(source, {
      ...{ name: '', functions: NAMES, missingKey: 'zero', library, isHtml, limits: LIMITS },
    });
    made.set(source, template);
    return template;
  };
}

function sourceOf(file: string): Source {
  try {
    return { name: basename(file), text: readFileSync(file, 'utf8') };
  } catch (cause) {
    throw new TocsinError('TOC_CONFIG_INVALID', `cannot read the templates in ${file}: ${messageOf(cause)}`, {
      cause,
    });
  }
}

function refusing(render: () => string): string {
  try {
    return render();
  } catch (error) {
    if (error instanceof TemplateError)
      throw new Refused(`its template cannot be rendered: ${error.message}`);
    throw error;
  }
}
