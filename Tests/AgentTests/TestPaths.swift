/// Paths relative to this file.
enum TestPaths {
  /// The repository's root.
  static let repository = String(#filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 })
  /// The recorded machines.
  static let fixtures = repository + "/Tests/Fixtures"
}
