internal import SystemIO

/// The tests' NVML, Tests/CFakeNVML/fake_nvml.c.
package enum FakeNVMLLibrary {
  /// Error of a failed compilation.
  package struct NotCompiled: Error {
    /// Output of the compiler.
    package let errors: String
  }

  /// Compiles it for a scenario, a list of macros; returns the folder with `libnvidia-ml.so.1`.
  package static func compiled(for scenario: [String]) throws -> String {
    let folder = try Fixture(files: [:]).root
    let tests = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(2).joined(separator: "/")
    try compile(
      tests + "/CFakeNVML/fake_nvml.c", to: folder + "/libnvidia-ml.so.1", options: scenario.map { "-D" + $0 })
    return folder
  }

  /// Compiles a C file to a shared library.
  package static func compile(_ source: String, to library: String, options: [String] = []) throws {
    let words = ["-shared", "-fPIC", "-O1", "-o", library] + options + [source]
    var errors = "neither clang nor cc is installed"
    for compiler in ["clang", "cc"].compactMap(Program.path(of:)) {
      let result = try Program.run(compiler, words)
      if result.status == 0 { return }
      errors = result.errors
    }
    throw NotCompiled(errors: errors)
  }
}
