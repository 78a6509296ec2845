/** The only entry of the workflow bundle. */
export { alertWorkflow } from './alert';
export { collectWorkflow } from './collect';
export { remediationWorkflow } from './remediation';
