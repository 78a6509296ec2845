/** `printf` is Go's: verbs, flags, widths, precisions and argument indexes; a wrong format is said in the text. */
import { stringList, stringMap } from '../../../src/template/value/values';
import { render } from './render';

const DATA = {
  list: [1n, 'a', null, 1.5],
  texts: stringList(['a', 'b']),
  map: stringMap({ b: '2', a: '1' }),
};

it.each([
  ['"%d|%5d|%-5d|%05d|%+d|% d" 42 42 42 42 42 42', '42|   42|42   |00042|+42| 42'],
  ['"%x|%X|%#x|%o|%#o|%O|%b|%#b" 255 255 255 8 8 8 5 5', 'ff|FF|0xff|10|010|0o10|101|0b101'],
  ['"%.3d|%8.3d|%08d|%-08d|" 7 7 -7 7', '007|     007|-0000007|7       |'],
  ['"%c%c|%q|%U|%#U" 26085 66 120 26085 128512', "日B|'x'|U+65E5|U+1F600 '😀'"],
  ['"%s|%10s|%-10s|%.2s|%05s" "hé" "hé" "hé" "héllo" "hi"', 'hé|        hé|hé        |hé|000hi'],
  ['"%q|%+q|%#q|%x|% x|%#X" "é\\n" "é" "a" "hi" "hi" "hi"', '"é\\n"|"\\u00e9"|`a`|6869|68 69|0X6869'],
  [
    '"%f|%.2f|%8.3f|%-8.2f|%08.3f|%+.1f" 3.14159 3.14159 3.14159 3.14159 -3.14159 2.0',
    '3.141590|3.14|   3.142|3.14    |-003.142|+2.0',
  ],
  [
    '"%e|%E|%.2e|%g|%G|%.3g" 123456.789 123456.789 123456.789 1e-10 1e100 123456.0',
    '1.234568e+05|1.234568E+05|1.23e+05|1e-10|1E+100|1.23e+05',
  ],
  ['"%.0f|%.0f|%.0f|%.1f" 0.5 1.5 2.5 0.25', '0|2|2|0.2'],
  ['"%v|%v|%v|%v" 100000.0 1e6 1e20 1e21', '100000|1e+06|1e+20|1e+21'],
  ['"%#g|%#.3g|%x|%b" 1.0 2.0 1.5 1.0', '1.00000|2.00|0x1.8p+00|4503599627370496p-52'],
  ['"%t|%v|%5t" true false true', 'true|false| true'],
  [
    '"%v|%+v|%#v|%T" .list .list .list .list',
    '[1 a <nil> 1.5]|[1 a <nil> 1.5]|[]interface {}{1, "a", interface {}(nil), 1.5}|[]interface {}',
  ],
  ['"%v|%#v|%T" .map .map .map', 'map[a:1 b:2]|map[string]string{"a":"1", "b":"2"}|map[string]string'],
  ['"%q|%x|%d" .texts .texts .texts', '["a" "b"]|[61 62]|[%!d(string=a) %!d(string=b)]'],
  ['"%T %T %T %T %T" 1 "a" 1.5 true nil', 'int string float64 bool <nil>'],
  ['"%[2]d %[1]d" 1 2', '2 1'],
  ['"%[2]*[1]d|%*d|%-*d|" 1 5 9 7', '    1|    9|%!d(MISSING)|'],
  ['"%*d|%.*f" -5 1 2 3.14159', '1    |3.14'],
  ['"100%%"', '100%'],
  ['"%d" "hi"', '%!d(string=hi)'],
  ['"%s" 1', '%!s(int=1)'],
  ['"%z %!" 1', '%!z(int=1) %!!(MISSING)'],
  ['"%d %s" 1', '1 %!s(MISSING)'],
  ['"%d" 1 2 "x" nil', '1%!(EXTRA int=2, string=x, <nil>)'],
  ['"%"', '%!(NOVERB)'],
  ['"%[3]d" 1', '%!d(BADINDEX)'],
  ['"%[x]d" 1', '%!d(BADINDEX)'],
  ['"%*d" "x" 1', '%!(BADWIDTH)1'],
  ['"%.*f" -2 3.5', '%!(BADPREC)3.500000'],
  ['"%s|%v|%d" nil nil nil', '%!s(<nil>)|<nil>|%!d(<nil>)'],
])('printf %s', (call, expected) => {
  expect(render(`{{printf ${call}}}`, DATA)).toBe(expected);
});
