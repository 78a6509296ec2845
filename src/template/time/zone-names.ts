/**
 * What the time zone database calls zones that the platform calls otherwise, or by their offset alone: in standard time,
 * or in standard and in summer time.
 */
const ZONES: Readonly<Record<string, string>> = {
  'ACST ACDT': 'Australia/Adelaide Australia/Broken_Hill',
  ACST: 'Australia/Darwin',
  'AEST AEDT': 'Antarctica/Macquarie Australia/Hobart Australia/Melbourne Australia/Sydney',
  AEST: 'Australia/Brisbane Australia/Lindeman',
  'AST ADT': 'Atlantic/Bermuda',
  AWST: 'Australia/Perth',
  CAT: [
    'Africa/Blantyre Africa/Bujumbura Africa/Gaborone Africa/Harare Africa/Juba Africa/Khartoum',
    'Africa/Kigali Africa/Lubumbashi Africa/Lusaka Africa/Maputo Africa/Windhoek',
  ].join(' '),
  'CET CEST': 'Africa/Ceuta',
  CET: 'Africa/Algiers Africa/Tunis',
  'CST CDT': 'America/Havana',
  CST: 'Asia/Macau Asia/Shanghai Asia/Taipei',
  ChST: 'Pacific/Guam Pacific/Saipan',
  EAT: [
    'Africa/Addis_Ababa Africa/Asmara Africa/Asmera Africa/Dar_es_Salaam Africa/Djibouti',
    'Africa/Kampala Africa/Mogadishu Africa/Nairobi Indian/Antananarivo Indian/Comoro Indian/Mayotte',
  ].join(' '),
  'EET EEST': 'Africa/Cairo Asia/Beirut Asia/Famagusta Asia/Gaza Asia/Hebron Asia/Nicosia',
  EET: 'Africa/Tripoli',
  'GMT BST': 'Europe/Guernsey Europe/Isle_of_Man Europe/Jersey',
  'GMT IST': 'Europe/Dublin',
  GMT: [
    'Africa/Abidjan Africa/Accra Africa/Bamako Africa/Banjul Africa/Bissau Africa/Conakry',
    'Africa/Dakar Africa/Freetown Africa/Lome Africa/Monrovia Africa/Nouakchott Africa/Ouagadougou',
    'Africa/Sao_Tome',
  ].join(' '),
  HKT: 'Asia/Hong_Kong',
  'HST HDT': 'America/Adak',
  HST: 'Pacific/Honolulu',
  'IST IDT': 'Asia/Jerusalem',
  IST: 'Asia/Calcutta Asia/Kolkata',
  JST: 'Asia/Tokyo',
  KST: 'Asia/Pyongyang Asia/Seoul',
  MSK: 'Europe/Kirov Europe/Moscow Europe/Simferopol Europe/Volgograd',
  MST: 'America/Dawson America/Hermosillo America/Mazatlan America/Whitehorse',
  'NST NDT': 'America/St_Johns',
  'NZST NZDT': 'Antarctica/McMurdo Pacific/Auckland',
  PKT: 'Asia/Karachi',
  PST: 'Asia/Manila',
  SAST: 'Africa/Johannesburg Africa/Maseru Africa/Mbabane',
  SST: 'Pacific/Midway Pacific/Pago_Pago',
  WAT: [
    'Africa/Bangui Africa/Brazzaville Africa/Douala Africa/Kinshasa Africa/Lagos Africa/Libreville',
    'Africa/Luanda Africa/Malabo Africa/Ndjamena Africa/Niamey Africa/Porto-Novo',
  ].join(' '),
  WIB: 'Asia/Jakarta Asia/Pontianak',
  WIT: 'Asia/Jayapura',
  WITA: 'Asia/Makassar',
};

/** Zones without a name of their own there: they are called by their offset. */
const BARE = ['Antarctica/Troll', 'Asia/Dubai', 'Asia/Muscat'];

interface Names {
  readonly standard: string;
  readonly summer: string;
}

export const NAMES_OF_ZONES: ReadonlyMap<string, Names | null> = new Map([
  ...Object.entries(ZONES).flatMap(([names, zones]) => {
    const [standard = '', summer = standard] = names.split(' ');
    return zones.split(' ').map((zone): [string, Names] => [zone, { standard, summer }]);
  }),
  ...BARE.map((zone): [string, null] => [zone, null]),
]);
