import SystemIO
import TestSupport
import Testing

@testable import Collect

/// The command lines of CommandLines/*.txt, one a line; `¦` stands for the NUL between two arguments, and `…` for the rest
/// of a long token, which would be a finding of secret scanners.
@Suite struct CommandLineListTests {
  private static func lines(_ name: String) throws -> [String] {
    let folder = String(#filePath.prefix(upTo: #filePath.lastIndex(of: "/")!)) + "/CommandLines/"
    return try String(decoding: Files.contents(of: folder + name), as: UTF8.self).split(separator: "\n").map(
      String.init)
  }

  private static func text(_ line: String) -> String {
    let line = line.replacing("…", with: String(repeating: "a1", count: 20))
    let arguments = Array(line.utf8).split(separator: Array("¦".utf8), omittingEmptySubsequences: false).map(Array.init)
    return CommandLineText.text(Array(arguments.joined(separator: [0])).span) ?? ""
  }

  @Test("Secrets are masked: each contains S3cr7")
  func secrets() throws {
    let lines = try Self.lines("secrets.txt")
    #expect(lines.count >= 330 && lines.allSatisfy { $0.contains("S3cr7") })
    for line in lines {
      let shown = Self.text(line)
      #expect(!shown.contains("S3cr7") && shown.contains("********"), "\(shown)")
      surviveTruncationAndMutation(of: Array(line.utf8), mutations: 20) { _ = CommandLineText.text($0) }
    }
  }

  @Test("Ordinary command lines stay as they are")
  func ordinary() throws {
    let lines = try Self.lines("ordinary.txt")
    #expect(lines.count >= 170)
    for line in lines { #expect(Self.text(line) == line.replacing("¦", with: " ")) }
  }

  @Test(
    "Arguments beside a secret stay readable",
    arguments: [
      ("app¦--pin=493817¦run", "app --pin=******** run"), ("app¦password¦hunter2¦run", "app password ******** run"),
      ("app¦password¦reset¦run", "app password reset run"), ("app¦token¦bucket¦3", "app token bucket 3"),
      ("app¦--token¦¦hX7qZ2¦run", "app --token  ******** run"), ("app¦--token¦¦serve", "app --token  serve"),
      ("app¦–password¦x¦–user¦u", "app –password ******** –user u"),
      ("app¦--key¦mysql¦-px", "app --key mysql -p********"),
      ("cvs¦-d¦:pserver:u:x@h:/r¦co", "cvs -d :pserver:u:********@h:/r co"),
      ("db2¦connect to d user u using x", "db2 connect to d user u using ********"),
      ("sh¦-c¦app -p$(id) --pw $(echo x) -v", "sh -c app -p$(id) --pw ******** -v"),
      ("app¦<a><token>x</token><b>c</b></a>", "app <a><token>********</token><b>c</b></a>"),
      ("php¦-r¦['password' => 'x', 'n' => 1]", "php -r ['password' => '********', 'n' => 1]"),
      ("x¦get('h', auth=('u', 'x'), n=1)", "x get('h', auth=(********), n=1)"),
      ("x¦os.setdefault(\"PASSWORD\", \"x1y2\", 3)", "x os.setdefault(\"PASSWORD\", \"********\", 3)"),
      ("ffmpeg¦rtmp://h/live/x?y", "ffmpeg rtmp://h/live/********"),
      ("restic¦--password-command=echo x", "restic --password-command=echo ********"),
      ("openssl¦enc¦-salt¦-k¦x", "openssl enc -salt -k ********"),
    ])
  func kept(_ line: String, _ expected: String) {
    #expect(Self.text(line) == expected)
  }

  @Test(
    "Random values differ from words",
    arguments: [
      ("hX7q", true), ("S3cr7", true), ("3f2a9c01", true), ("123e4567-e89b-12d3-a456-426614174000", true),
      ("dGhlIHNlY3JldCBrZXk/aXMgbG9uZ2Vy1A==", true), ("hUnTeR", true), ("word", false), ("Word", false),
      ("WORD", false), ("parseJSONFile", false), ("userId", false), ("Reader2", false), ("100mb", false),
      ("db2user", false), ("sh.helm.release.v1.app.v3", false), ("/a/B7/c9X", false), ("$PASSWORD", false),
      ("${X7q9Z}", false), ("<password>", false), ("--x7Q9z", false), ("2026-11-30", false), ("a", false), ("", false),
      ("README.md", false), ("f(x)", false),
    ])
  func shapes(_ value: String, _ isRandom: Bool) {
    #expect(SecretShape.isRandom(Array(value.utf8)[...]) == isRandom)
  }

  @Test("Behind a password's name, digits and marks are enough")
  func passwords() {
    for (value, isRandom) in [("hunter2", true), ("1234", true), ("p&ss", true), ("reset", false), ("my-words", false)]
    {
      #expect(SecretShape.isRandom(Array(value.utf8)[...], isPassword: true) == isRandom, "\(value)")
    }
  }

  @Test("The quick check of names misses none of the list")
  func trigrams() {
    let names =
      SecretList.nameParts + SecretList.nameEndings + Array(SecretList.lastWords) + Array(SecretList.wholeNames)
      + Array(SecretList.codeNames) + Array(SecretList.weakWords) + SecretList.commandParts
    for name in names {
      #expect(SecretTrigrams.shared.occur(in: Array(name.utf8)[...]), "\(name)")
      #expect(SecretTrigrams.shared.occur(in: Array("--X_\(name.uppercased())".utf8)[...]), "\(name)")
    }
  }
}
