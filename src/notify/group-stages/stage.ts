/** One decision on a group that is looked at. What a stage holds back, the ones after it do not see. */
import type { GroupLook, GroupMember, GroupVerdict, HeldBack } from '../port';

export interface GroupState {
  readonly look: GroupLook;
  /** Of whom somebody may still be told. */
  readonly passing: readonly GroupMember[];
  readonly held: readonly HeldBack[];
  /** Decided by the last stage. */
  readonly messages: GroupVerdict['messages'];
}

export interface GroupStage {
  readonly name: string;
  exec(state: GroupState): GroupState;
}

export function lookAt(stages: readonly GroupStage[], look: GroupLook): GroupVerdict {
  const begun: GroupState = { look, passing: look.members, held: [], messages: [] };
  const { messages, held } = stages.reduce((state, stage) => stage.exec(state), begun);
  return { messages, held };
}

/** Whether somebody who was told that it fires has yet to hear that it is over: no mute keeps that back. */
export function isAwaited({ told }: GroupLook, { alert, isOver }: GroupMember): boolean {
  if (!isOver) return false;
  for (const { firing, awaited } of told.values())
    if (firing.includes(alert.fingerprint) || awaited.includes(alert.fingerprint)) return true;
  return false;
}

/** A stage that holds single alerts back: `held` answers by whom, or null. */
export function muting(
  reason: HeldBack['reason'],
  held: (look: GroupLook, member: GroupMember) => readonly string[],
): GroupStage {
  return {
    name: reason,
    exec(state) {
      const passing: GroupMember[] = [];
      const back: HeldBack[] = [];
      for (const member of state.passing) {
        const by = isAwaited(state.look, member) ? [] : held(state.look, member);
        if (by.length === 0) passing.push(member);
        else back.push({ fingerprint: member.alert.fingerprint, reason, by });
      }
      return { ...state, passing, held: [...state.held, ...back] };
    },
  };
}
