/// Where the tests find things, told from this file's own place.
enum TestPaths {
  /// The repository's root.
  static let repository = String(#filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 })
  /// The recorded machines.
  static let fixtures = repository + "/Tests/Fixtures"
}
