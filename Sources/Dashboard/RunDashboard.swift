package import Collect
internal import SampleStore
internal import SystemIO

/// Shows the dashboard on the terminal of stdin and stdout until a key or a signal ends it; on the main thread.
///
/// If stdout is not a terminal, or has no cursor addressing (TERM=dumb), it prints a line per sample. Terminating
/// signals (SIGINT, SIGTERM, SIGHUP, SIGQUIT) are caught meanwhile; afterwards the caller's handlers are restored.
/// - Throws: an error with a description in one line, where the terminal type (TERM) is unset or unknown.
/// - Returns: the reason for the end; the terminal is restored by then.
package func runDashboard(demand: SamplingDemand, options: DashboardOptions) throws -> DashboardExit {
  try runDashboard(
    hosts: [
      DashboardHost(
        name: "", history: demand.history, demand: demand, processes: options.processes, control: options.control)
    ], options: options)
}

/// Shows the dashboard for one or more hosts; several begin with a grid of them.
///
/// Without a screen, the first host's lines are printed.
package func runDashboard(hosts: [DashboardHost], options: DashboardOptions) throws -> DashboardExit {
  guard let first = hosts.first else { return .quit }
  #if canImport(CNcurses)
    let type = environment("TERM") ?? ""
    if isatty(STDOUT_FILENO) == 1, !NcursesTerminal.onlyPrintsLines(type: type, output: STDOUT_FILENO) {
      let terminal = try NcursesTerminal(
        type: type, input: STDIN_FILENO, output: STDOUT_FILENO, isUTF8: NcursesTerminal.localeIsUTF8,
        environment: environment)
      defer { terminal.close() }
      return Dashboard(hosts: hosts, options: options).run(on: terminal)
    }
  #endif
  return try LineMode(history: first.history, output: STDOUT_FILENO).run()
}

private func environment(_ name: String) -> String? {
  getenv(name).map { String(cString: $0) }
}
