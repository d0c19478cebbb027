package import Collect
internal import SampleStore
internal import SystemIO

/// Opens the terminal of stdin and stdout; nil where only lines can be printed.
package typealias OpenTerminal = () throws -> (any Terminal)?

/// Shows the dashboard until a key or a signal ends it; on the main thread.
///
/// Without a terminal it prints a line per sample. Terminating signals (SIGINT, SIGTERM, SIGHUP, SIGQUIT) are caught
/// meanwhile; afterwards the caller's handlers are restored.
/// - Throws: the terminal's errors, with a description in one line.
/// - Returns: the reason for the end; the terminal is restored by then.
package func runDashboard(
  demand: SamplingDemand, options: DashboardOptions, terminal: OpenTerminal
) throws -> DashboardExit {
  try runDashboard(
    hosts: [
      DashboardHost(
        name: "", history: demand.history, demand: demand, processes: options.processes, control: options.control,
        memory: options.memory)
    ], options: options, terminal: terminal)
}

/// Shows the dashboard for one or more hosts; several begin with a grid of them.
///
/// Without a terminal, the first host's lines are printed.
package func runDashboard(
  hosts: [DashboardHost], options: DashboardOptions, terminal: OpenTerminal
) throws -> DashboardExit {
  guard let first = hosts.first else { return .quit }
  if let terminal = try terminal() {
    defer { terminal.close() }
    return Dashboard(hosts: hosts, options: options).run(on: terminal)
  }
  return try LineMode(history: first.history, output: StandardStreams.output, connection: first.connection).run()
}
