/**
 * A rule's labels or annotations: texts that are templates over an element that its expression yields. Most are plain, and
 * most others depend on the element's labels alone: what does is expanded once for each of them.
 */
import { messageOf } from '../domain/errors';
import { ALERT_NAME, overlaid, type Labels } from '../domain/labels';
import { LabelSet, METRIC_NAME } from '../promql/label-set';
import type { Moment } from '../promql/prepare';
import { compileRuleTemplate, type QueriedSample, type RuleTemplate } from '../template/prometheus';

export interface Element {
  readonly series: LabelSet;
  readonly value: number;
  readonly moment: Moment;
}

/** What templates read as `$externalLabels` and `$externalURL`. */
export interface External {
  readonly externalLabels: Labels;
  readonly externalUrl: string;
}

export interface TextOptions extends External {
  /** What these hide of a series' labels is kept under another name. */
  readonly exportsHidden: boolean;
  readonly query: (expr: string, moment: Moment) => readonly QueriedSample[];
}

interface Text {
  readonly name: string;
  readonly value: string;
  /** Null: the value is plain. */
  readonly template: RuleTemplate | null;
}

/** What a template may refer to and still say the same for the same labels. */
const LASTING: ReadonlySet<string> = new Set(['$labels', '$externalLabels', '$externalURL']);
const PASSING: ReadonlySet<string> = new Set(['query', 'now']);

export class LabelTexts {
  private readonly texts: readonly Text[];
  private readonly areLasting: boolean;
  private readonly known = new WeakMap<LabelSet, LabelSet>();

  constructor(
    texts: Labels,
    private readonly rule: string,
    private readonly options: TextOptions,
  ) {
    this.texts = Object.entries(texts)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => ({
        name,
        value,
        template: value.includes('{{') ? compiled(value, rule) : null,
      }));
    this.areLasting = this.texts.every(({ template }) => template === null || isLasting(template));
  }

  /** The labels of the element's alert: its series' without the name, over them these, over them the rule's name. */
  alertLabels(element: Element): LabelSet {
    const { series } = element;
    let labels = this.areLasting ? this.known.get(series) : undefined;
    if (labels === undefined) {
      labels = this.options.exportsHidden ? this.exporting(element) : this.hiding(element);
      if (this.areLasting) this.known.set(series, labels);
    }
    return labels;
  }

  private hiding(element: Element): LabelSet {
    return this.over(element.series.with(METRIC_NAME, ''), element).with(ALERT_NAME, this.rule);
  }

  private exporting(element: Element): LabelSet {
    const own = this.over(LabelSet.EMPTY, element).with(ALERT_NAME, this.rule);
    return LabelSet.of(overlaid(element.series.with(METRIC_NAME, '').toLabels(), own.toLabels()));
  }

  over(base: LabelSet, element: Element): LabelSet {
    const expand = this.expander(element);
    return this.texts.reduce((so, text) => so.with(text.name, expand(text)), base);
  }

  /** An alert with a text that says what is wrong with its template is better than none. */
  private expander({ series, value, moment }: Element): (text: Text) => string {
    const { externalLabels, externalUrl, query } = this.options;
    const labels = series.toLabels();
    const data = { labels, value, externalLabels, externalUrl, now: moment.time };
    return ({ template, value: plain }) => {
      if (template === null) return plain;
      try {
        return template.execute({ ...data, query: (expr) => query(expr, moment) });
      } catch (error) {
        return `<error expanding template: ${messageOf(error)}>`;
      }
    };
  }
}

const compiled = (text: string, rule: string): RuleTemplate => compileRuleTemplate(text, `__alert_${rule}`);

function isLasting({ references }: RuleTemplate): boolean {
  return references.every(({ kind, path }) =>
    kind === 'variable' ? LASTING.has(path[0]!) : kind === 'function' && !PASSING.has(path[0]!),
  );
}
