import ArgumentParser

/// `--db`, for the agent and for the subcommands that read and extend its file.
struct ArchiveFileOption: ParsableArguments {
  @Option(
    name: .customLong("db"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "File that keeps samples for years (default: in memory only); export and import need it. DB_PATH is the same.",
      valueName: "path"))
  var paths: [String] = []

  /// The file; nil where the flag is missing.
  ///
  /// - Throws: Configuration.Mistake where the flag is given twice with different values.
  var path: String? {
    get throws(Configuration.ValidationError) {
      if let other = paths.first(where: { $0 != paths[0] }) {
        throw Configuration.ValidationError(
          name: "--db", value: other, allowed: "one file; \"\(paths[0])\" is given as well")
      }
      return paths.first
    }
  }

  /// Why there is no file to export from or import into.
  enum Failure: Error, CustomStringConvertible {
    case missing
    case mistake(Configuration.ValidationError)

    var description: String {
      switch self {
      case .missing: "--db (or DB_PATH) is missing: the file that an agent keeps its samples in"
      case .mistake(let mistake): mistake.description
      }
    }
  }

  /// The file of the flag, or of the variable where the flag is missing.
  func path(environment: (String) -> String?) throws(Failure) -> String {
    let flag: String?
    do {
      flag = try path
    } catch {
      throw .mistake(error)
    }
    let path = flag ?? environment("DB_PATH") ?? ""
    guard flag != nil || !path.isEmpty else { throw .missing }
    guard !path.isEmpty, path.utf8.last != UInt8(ascii: "/") else {
      throw .mistake(
        Configuration.ValidationError(
          name: flag == nil ? "DB_PATH" : "--db", value: path, allowed: "the path of a file"))
    }
    return path
  }
}
