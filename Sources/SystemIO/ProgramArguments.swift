internal import CSystemIO

/// Command line of the program.
package enum ProgramArguments {
  /// The arguments without the program's name.
  ///
  /// `CommandLine.arguments` is only the fallback: on Linux it is lost if the environment moves before `main`, e.g.
  /// under `LD_PRELOAD=libfaketime.so.1`.
  package static let all: [String] = {
    var count: Int32 = 0
    guard let values = csystemio_arguments(&count) else { return Array(CommandLine.arguments.dropFirst()) }
    // argc is 0 if execve(2) was called with an empty argv.
    return (1..<max(1, Int(count))).compactMap { index in values[index].map { String(cString: $0) } }
  }()
}
