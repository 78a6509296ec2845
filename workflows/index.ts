/** The only entry of the workflow bundle. */
export { alertWorkflow } from './alert';
export { auditWorkflow } from './audit';
export { collectWorkflow } from './collect';
export { drillWorkflow } from './drill';
export { remediationWorkflow } from './remediation';
