import { stopGlobalServers } from './global-servers';

export default stopGlobalServers;
