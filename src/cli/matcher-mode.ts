/** `--enable-feature`: Alertmanager's way of reading matchers. */
import type { MatcherMode } from '../domain/alertmanager-matchers';
import { usage } from './failures';
import { wordOf } from './words';

export function matcherModeOf(enableFeature = ''): MatcherMode {
  const modes = ['classic-mode', 'utf8-strict-mode'] as const;
  const named = enableFeature.split(',').filter((name) => name.trim() !== '');
  const [mode, ...others] = named.map((name) => wordOf('feature', name.trim(), modes));
  if (others.some((other) => other !== mode))
    throw usage('--enable-feature: classic-mode and utf8-strict-mode cannot both be on');
  return mode ?? 'fallback';
}
