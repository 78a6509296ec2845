/** The alerts that wait for a remediation: the one that asked, and those of the same target that joined. */
import { getExternalWorkflowHandle, log } from '@temporalio/workflow';
import { messageOf } from '../../src/domain/errors';
import type { RemediationResult } from '../../src/domain/remediation';
import { remediationResultSignal } from '../messages';

export class Listeners {
  private readonly ids: Set<string>;

  constructor(asking: string) {
    this.ids = new Set([asking]);
  }

  /** Takes anything: a signal sent by hand must not fail the workflow. */
  join(raw: unknown): void {
    const id = (raw as { alertWorkflowId?: unknown } | null | undefined)?.alertWorkflowId;
    if (typeof id === 'string' && id !== '') this.ids.add(id);
    else log.warn('a join without alertWorkflowId was ignored');
  }

  /**
   * Tells everybody, those included that join meanwhile: the set is found told in the same activation in which the
   * workflow ends, so nobody comes in between. An alert that has ended is not there to be told, which is no fault.
   */
  async tell(result: RemediationResult): Promise<void> {
    for (const id of this.ids) {
      try {
        await getExternalWorkflowHandle(id).signal(remediationResultSignal, result);
      } catch (error) {
        log.info('an alert was not told of its remediation', {
          alertWorkflowId: id,
          reason: messageOf(error),
        });
      }
    }
  }
}
