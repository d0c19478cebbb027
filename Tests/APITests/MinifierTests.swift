import SystemIO
import Testing

@testable import API

@Suite struct MinifierTests {
  static func minified(_ source: String, type: String) -> String {
    String(decoding: Minifier.minified(source.utf8, type: type), as: UTF8.self)
  }

  @Test(
    arguments: [
      ("// why\n  // how\nlet x = 1; // here\n\n    f('//');\n", "let x=1;f('//');"),
      ("  if (a => b, c) { return x + -y ? .5 : [1]; }", "if(a=>b,c){return x+-y?.5:[1]}"),
      ("a + +b - -c + ++d - --e + - + f", "a+ +b- -c+ ++d- --e+-+f"),
      ("a++\n++\nb--\nc\n--d", "a++\n++\nb--\nc\n--d"),
      ("a\n(b)\n[c]\n`d`\n/e/g", "a\n(b)\n[c]\n`d`\n/e/g"),
      ("return\nx\nbreak\nlabel\nasync\nx => y", "return\nx\nbreak\nlabel\nasync\nx=>y"),
      ("f()\n{ g() }\nh()\n}", nil),
      ("f()\n  .g()\n  ?.h\n, i && \nj\n|| k ?\nl\n: m", "f().g()?.h,i&&j||k?l:m"),
      ("x = {\n  a: 1,\n  b\n}\ny = [\n1\n]", "x={a:1,b}\ny=[1]"),
      ("f( 'a , b' , [ \"c  // d\" ] ) ;", "f('a , b',[\"c  // d\"]);"),
      ("a = 'e\\' , f' ; b = \"\\\\\" ; c = '\\\n  d';", "a='e\\' , f';b=\"\\\\\";c='\\\n  d';"),
      (
        "d = `{ ${ e + `  ${ f }  ` } // }` ;\nh = ` \\` \\${ i } $ { j }\n  k `",
        "d=`{ ${e+`  ${f}  `} // }`;h=` \\` \\${ i } $ { j }\n  k `"
      ),
      ("`${ { a: 1 } }  ${ (() => { return 1 ; })() }  `", "`${{a:1}}  ${(()=>{return 1})()}  `"),
      ("f = g / h / i ; j = ( k ) / l ; m [ n ] / o / p ; 4 / 2 / q", "f=g/h/i;j=(k)/l;m[n]/o/p;4/2/q"),
      (
        "x = / a  [/ '] \\/ `/g . test ( y ) ; return / b \" / ; if ( z ) / c  '/ . exec ( w )",
        "x=/ a  [/ '] \\/ `/g.test(y);return/ b \" /;if(z)/ c  '/.exec(w)"
      ),
      ("a ++ / 2 ; b . return / 3 / c ; d / / e /", "a++/2;b.return/3/c;d/ / e /"),
      ("/r/ in a ; 1 . toFixed ( ) ; 1 . in", "/r/ in a;1 .toFixed();1 .in"),
      ("a < ! --b ; c -- > d", "a< !--b;c-- >d"),
      ("a /* b\nc */ d /* e */ f /**/+ g", "a\nd f+g"),
      ("if (a) ; else ; }", nil),
      ("{ if (a) ; } { while (b) ; } { if (c) d ; else ; } { e ( ) ; }", "{if(a);}{while(b);}{if(c)d;else;}{e()}"),
      ("class A { static x\n *y ( ) { }\n [ z ] ( ) { }\n #p = 1\n}", "class A{static x\n*y(){}\n[z](){}\n#p=1}"),
      ("a\n.5\n.b", "a\n.5 .b"),
      ("é = 'ü  ' ; 日本 in 語", "é='ü  ';日本 in 語"),
      ("", ""), ("\n  \n", ""),
    ] as [(String, String?)])
  func scripts(source: String, expected: String?) {
    // nil: unchanged, since the input is not a script.
    #expect(Self.minified(source, type: "text/javascript") == expected ?? source)
  }

  @Test(arguments: [
    "a = 'b", "a = 'b\n'", "a = `b ${ c", "a = ` b", "/* a  b", "x = / a  b", "x = / [/]  ", "f ( a", "{ a", "a )",
    "a }", "{ } / b /", "'\\",
  ]) func unclearScriptsStayAsTheyAre(source: String) {
    #expect(Self.minified(source, type: "text/javascript") == source)
  }

  @Test(arguments: [
    ("a :is(.b, c) { d: e f; content: '● ; }'; }", "a :is(.b,c){d:e f;content:'● ; }'}"),
    ("/* x ; */\na > b + c ,\nd e { f : 1px  /* y */ 2px ; ; }\n", "a>b + c,d e{f :1px 2px;}"),
    (
      "@media ( max-width: 6px ) and (a) { b { c: calc( 1px + (2px) ) !important; } }",
      "@media (max-width:6px) and (a){b{c:calc(1px + (2px))!important}}"
    ),
    ("a::before { content: '\\'}  /* ' ; } b \\{ c { }", "a::before{content:'\\'}  /* '}b \\{c{}"),
    ("a { b: 'c", "a{b:'c"), ("a /* b", "a"), ("a\\", "a\\"),
  ]) func styles(source: String, expected: String) {
    #expect(Self.minified(source, type: "text/css") == expected)
  }

  @Test func markupLosesItsIndentation() {
    #expect(Self.minified("  <p>a , b { c }\n\n  d // e\n", type: "text/html") == "<p>a , b { c }\nd // e\n")
  }

  /// Names that only a module itself uses become short; properties, exports and globals keep theirs.
  @Test(
    arguments: [
      ("const index = 1; use(index, this.index, index);", "const a=1;use(a,this.index,a);"),
      (
        "function f(first, { second, third: last = first }) { return first + second + last; }",
        "function f(a,{second:c,third:b=a}){return a+c+b}"
      ),
      (
        "const count = 1; h({ count, other: count, count: 2, count() { return count + count; } });",
        "const a=1;h({count:a,other:a,count:2,count(){return a+a}});"
      ),
      (
        "const value = 1; call(`${value} value ${`${value}`} ${{ value }}`, value);",
        "const a=1;call(`${a} value ${`${a}`} ${{value:a}}`,a);"
      ),
      (
        "list.map((item) => item.size + item.item).filter((item, index) => index > item)",
        "list.map((a)=>a.size+a.item).filter((a,b)=>b>a)"
      ),
      (
        "import { someName, other as renamed } from './a.js'; someName(someName, someName, renamed.renamed, renamed);",
        "import{someName as a,other as b}from'./a.js';a(a,a,b.renamed,b);"
      ),
      (
        "import * as format from './f.js'; import '../format.js'; format.format(format);",
        "import*as a from'./f.js';import'../format.js';a.format(a);"
      ),
      (
        "export const shown = 1, hidden = shown; export function name() {} export class Type {} name(shown, Type);", nil
      ),
      // A global of the browser, where it is not hidden.
      (
        "function first(name) { return name + name; } function second() { return name; }",
        "function a(name){return name+name}function b(){return name}"
      ),
      ("{ const status = 1; } use(status, status);", nil),
      ("for (const status of statuses) use(status, status); use(status);", nil),
      (
        "for (const entry of entries) { use(entry, entry); } for (let number = 0, end = 5; number < end; number += 1) use(number);",
        "for(const b of entries){use(b,b)}for(let a=0,c=5;a<c;a+=1)use(a);"
      ),
      (
        "const key = (status) => status ? status : status, after = status;",
        "const b=(status)=>status?status:status,a=status;"
      ),
      (
        "const all = { get size() { return all.size; }, async load() {}, set(value) { all.value = value; } };",
        "const a={get size(){return a.size},async load(){},set(b){a.value=b}};"
      ),
      (
        "class Box extends Base { static make(width) { return new Box(width); } get width() { return this.width; } }",
        "class a extends Base{static make(b){return new a(b)}get width(){return this.width}}"
      ),
      (
        "let [one, , ...others] = list; ({ one, others } = swap); [one] = [others];",
        "let[a,,...b]=list;({one:a,others:b}=swap);[a]=[b];"
      ),
      (
        "switch (kind) { case first: { const text = 1; use(text, text); } default: use(kind ? { kind } : kind); }",
        "switch(kind){case first:{const a=1;use(a,a)}default:use(kind?{kind}:kind)}"
      ),
      (
        "const first = 1; call(`${first(first)} ${first}${(last) => last + last}`);",
        "const a=1;call(`${a(a)} ${a}${(b)=>b+b}`);"
      ),
      ("try { work(); } catch { const reason = 1; told(reason, reason); }", "try{work()}catch{const a=1;told(a,a)}"),
      ("try { work(); } catch (error) { told(error, error.message); }", "try{work()}catch(a){told(a,a.message)}"),
      ("const get = 1; use({ get, async: 2 }, get, get);", "const a=1;use({get:a,async:2},a,a);"),
      ("let a = 1, bb = 2; use(bb, bb, bb, a);", "let b=1,a=2;use(a,a,a,b);"),
      ("const a = b, index = 1; use(index, index);", "const c=b,a=1;use(a,a);"),
    ] as [(String, String?)])
  func names(source: String, expected: String?) throws {
    // nil: each name stays.
    let same = try Self.joined(source)
    #expect(Self.minified(source, type: "text/javascript") == expected ?? same)
  }

  /// With syntax of unknown meaning a module keeps all names.
  @Test(arguments: [
    "var index = 1; use(index, index);", "const index = 1; eval(index, index);",
    "class A { index = index; } const index = 1;",
    "const index = function inner() { return index; };", "const index = 1; export { index };",
    "const index = a\nindex.use(index)",
    "class A extends mixin(index) { method() {} } const index = 1;",
  ]) func unknownSyntaxKeepsNames(source: String) throws {
    #expect(Self.minified(source, type: "text/javascript") == (try Self.joined(source)))
  }

  /// A module without white space, with all its names.
  private static func joined(_ source: String) throws -> String {
    let bytes = Array(source.utf8)
    return String(
      decoding: try ScriptTokenizer.tokens(of: bytes).flatMap { [$0.separator].compactMap(\.self) + bytes[$0.range] },
      as: UTF8.self)
  }

  /// Minifying a file of the page twice has no further effect, except for the order of names.
  @Test(arguments: WebFiles.shared.names) func pageIsMinified(name: String) throws {
    let text = WebFilesTests.text(name)
    guard name.hasSuffix(".js") else {
      #expect(Self.minified(text, type: WebFilesTests.type(of: name)) == text)
      return
    }
    #expect(try Self.joined(text) == text)
    #expect(!text.contains("  ") && !text.contains(";\n") && !text.hasPrefix("//"))
  }

  /// Every module of the page is understood, so that its names are short.
  @Test(arguments: WebFilesTests.sources.filter { $0.hasSuffix(".js") }) func modulesAreUnderstood(name: String) throws
  {
    let source = try Files.contents(of: WebFilesTests.folder + "/" + name)
    let names = try ScriptNames.shortened(try ScriptTokenizer.tokens(of: source), in: source)
    #expect(names.count > 20)
  }
}
