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

  /// Minifying a file of the page twice has no further effect.
  @Test(arguments: WebFiles.shared.names) func pageIsMinified(name: String) {
    let text = WebFilesTests.text(name)
    let type = WebFilesTests.type(of: name)
    #expect(Self.minified(text, type: type) == text)
    guard name.hasSuffix(".js") else { return }
    #expect(!text.contains("  ") && !text.contains(";\n") && !text.hasPrefix("//"))
  }
}
