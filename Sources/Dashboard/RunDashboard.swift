package import History
internal import SystemIO

/// Shows the dashboard on the terminal of stdin and stdout until it is told to end; on the main thread.
///
/// Where stdout is no terminal, or one that cannot place the cursor (TERM=dumb), it prints a line for each sample.
/// Signals that end (SIGINT, SIGTERM, SIGHUP, SIGQUIT) are caught meanwhile and are the caller's again afterwards.
/// - Throws: an error whose description is one line, where the terminal's type (TERM) is unset or unknown.
/// - Returns: why it ended; by then the terminal is as it was.
package func runDashboard(history: History, options: DashboardOptions) throws -> DashboardExit {
  try runDashboard(
    hosts: [DashboardHost(name: "", history: history, processes: options.processes, control: options.control)],
    options: options)
}

/// The same for one or more hosts; several begin with a grid of them.
///
/// Without a screen the first one's lines are printed.
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
