/**
 * CPU time of this process in ms since it began, its collector and compiler with it: bounds on work are held against it,
 * because other processes on the machine take from the wall's time and not from this one.
 */
export const busyMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
};
