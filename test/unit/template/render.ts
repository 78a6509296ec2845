/** A template's text for some data, or what it says is wrong with it. What is expected was seen from Go 1.26. */
import { compileTemplate, TemplateError, type TemplateOptions } from '../../../src/template/template';

export function render(text: string, data?: unknown, options: Partial<TemplateOptions> = {}): string {
  return compileTemplate(text, { name: 'test', ...options }).execute(data);
}

export function problem(text: string, data?: unknown, options: Partial<TemplateOptions> = {}): string {
  try {
    return `no problem: ${render(text, data, options)}`;
  } catch (error) {
    if (error instanceof TemplateError) return error.message;
    throw error;
  }
}
