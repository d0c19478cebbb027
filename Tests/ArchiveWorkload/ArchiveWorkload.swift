import AgentMetrics
import ArchiveTestSupport
import SystemIO

@testable import Archive

/// What tests and benchmarks need a process of its own for.
@main
enum ArchiveWorkload {
  static func main() throws {
    let arguments = CommandLine.arguments
    switch arguments.dropFirst().first {
    case "crash": try crash(arguments[2])
    case "bench": try Bench(arguments[2], days: Double(arguments[3]) ?? 30, interval: Double(arguments[4]) ?? 30).run()
    case "ask": try Bench(arguments[2], days: Double(arguments[3]) ?? 30, interval: Double(arguments[4]) ?? 30).ask()
    default:
      StandardStreams.write(
        "usage: ArchiveWorkload crash FILE | bench FILE DAYS INTERVAL | ask FILE DAYS INTERVAL\n", to: 2)
      exit(64)
    }
  }
}
