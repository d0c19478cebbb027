import ArgumentParser
import Glibc
import SystemIO
import Testing

@testable import agent

/// The README's table, `--help` and the unit file against the table of settings.
@Suite struct SettingDocumentationTests {
  /// All rows of the agent itself, in the order of `--help`.
  private static let rows = Configuration.rows

  private static let header = "| flag | variable | default | allowed | meaning |"

  private static func line(_ about: SettingAbout) -> String {
    // The dashboard's settings are listed by --help and F2.
    let allowed = about.domain.allowed.contains("|") ? "see `--help`" : about.domain.allowed
    let cells = [
      "`--\(about.flag)`", about.variable.map { "`\($0)`" } ?? "", about.fallback ?? "",
      [allowed, about.repetition].compactMap(\.self).joined(separator: "; "), about.help,
    ]
    return "| " + cells.joined(separator: " | ") + " |"
  }

  @Test("The README's table is the table of settings; RECORD_GOLDENS=1 writes it")
  func readme() throws {
    let path = TestPaths.repository + "/README.md"
    var lines = try StructureTests.text(of: path).split(separator: "\n", omittingEmptySubsequences: false).map(
      String.init)
    let start = try #require(lines.firstIndex(of: Self.header), "README has no table of settings") + 2
    let end = try #require(lines[start...].firstIndex { !$0.hasPrefix("|") })
    let expected = Self.rows.map { Self.line($0.about) }
    guard getenv("RECORD_GOLDENS") != nil else {
      #expect(Array(lines[start..<end]) == expected)
      return
    }
    lines.replaceSubrange(start..<end, with: expected)
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    try #require(descriptor >= 0)
    #expect(StandardStreams.write(lines.joined(separator: "\n"), to: descriptor))
    close(descriptor)
  }

  @Test("The unit file names every variable")
  func unitFile() throws {
    let words = try StructureTests.text(of: TestPaths.repository + "/scripts/agent.service")
      .split(separator: "\n").filter { $0.hasPrefix("#") }
      .flatMap { $0.split { !($0.isLetter || $0.isNumber || $0 == "_") } }
      .filter { $0.count > 3 && $0.allSatisfy { $0.isUppercase || $0.isNumber || $0 == "_" } && !$0.hasPrefix("EX_") }
    #expect(words.map(String.init) == Self.rows.compactMap(\.about.variable))
  }

  @Test("The packaged settings file is valid and has every variable; RECORD_GOLDENS=1 writes it")
  func settingsFile() throws {
    let path = TestPaths.repository + "/scripts/agent.conf"
    var text = """
      # Settings of the Worker Monitoring Agent: a VARIABLE=value per line, lines with # are comments.
      # Check them with "agent config check", apply them with "systemctl reload agent" or "systemctl restart agent".

      """
    for about in Self.rows.map(\.about) {
      guard let variable = about.variable else { continue }
      let notes = [
        about.domain.isInHelp ? about.domain.allowed : nil, about.separator.map { "separated by " + $0.name },
      ].compactMap(\.self)
      let note = notes.isEmpty ? "" : " [" + notes.joined(separator: "; ") + "]"
      text += "\n# \(about.help)\(note)\n"
      // A service keeps its history.
      text +=
        variable == "DB_PATH"
        ? "DB_PATH=/var/lib/worker-agent/history.db\n" : "#\(variable)=\(about.fallback ?? "")\n"
    }
    if getenv("RECORD_GOLDENS") != nil { try Files.replace(path, with: text, mode: 0o644) }
    #expect(try StructureTests.text(of: path) == text)
    #expect(try ConfigFile(path).count == 1)
    #expect(try ConfigFile(path).value(of: "DB_PATH") == "/var/lib/worker-agent/history.db")
  }

  @Test("--help starts with the main options and shows each option once, with its default and variable")
  func help() throws {
    let text = Agent.helpMessage(columns: 100_000)
    let lines = text.split(separator: "\n").map(String.init)
    let first = try #require(lines.firstIndex(of: "MAIN OPTIONS:"))
    #expect(lines[first + 1].hasPrefix("  --tui ") && lines[first + 2].hasPrefix("  --serve "))
    for about in Self.rows.map(\.about) {
      let found = lines.indices.filter { lines[$0].hasPrefix("  --\(about.flag) ") }
      #expect(found.count == 1, "\(about.flag)")
      let index = try #require(found.first)
      let line = lines[index] + (lines[index].contains(about.help) ? "" : lines[index + 1])
      #expect(line.contains(about.help), "\(line)")
      if let variable = about.variable { #expect(line.hasSuffix("env: \(variable)]"), "\(line)") }
      if let fallback = about.fallback { #expect(line.contains("default: \(fallback)"), "\(line)") }
    }
    // Paragraphs are wrapped by the parser only, not by line breaks in their text.
    for type in [Agent.configuration] + Agent.configuration.subcommands.map({ $0.configuration }) {
      for paragraph in type.discussion.split(separator: "\n") { #expect(paragraph.hasSuffix("."), "\(paragraph)") }
    }
  }

  @Test("Flags and variables are unique, and help is a sentence")
  func rows() {
    let abouts = Self.rows.map(\.about)
    #expect(Set(abouts.map(\.flag)).count == abouts.count)
    let variables = abouts.compactMap(\.variable)
    #expect(Set(variables).count == variables.count)
    for about in abouts
      + (ExportSettings.rows + ImportSettings.rows + ReportSettings.rows + TokenSettings.rows).map(\.about)
    {
      #expect(about.help.hasSuffix("."), "\(about.flag)")
    }
  }
}
