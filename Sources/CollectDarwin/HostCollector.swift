package import AgentMetrics
package import Collect
internal import CDarwin

/// Name, version and uptime of the machine, and its open files.
package final class HostCollector: Collector {
  package let name = "host"

  package init() {}

  /// Writes `reading.host`; uses the boot-time clock of the reading.
  package func read(into reading: inout Reading) throws(CollectorError) {
    reading.host = Host()
    var facts = cdarwin_host()
    guard cdarwin_host(&facts) else { throw CollectorError("sysctl kern.osrelease: no version") }
    var host = Host()
    host.hostname = textIfAny(facts.hostname)
    let build = textIfAny(facts.build).map { " (\($0))" } ?? ""
    host.os = textIfAny(facts.version).map { "macOS \($0)\(build)" }
    host.kernel = "Darwin \(text(facts.release))"
    host.architecture = textIfAny(facts.architecture)
    host.product = textIfAny(facts.model)
    host.uptime = reading.boottime
    host.bootTime =
      facts.boot > 0 ? Double(facts.boot) : (reading.timestamp.seconds - reading.boottime).rounded()
    host.openFiles = number(facts.open_files)
    host.openFilesLimit = number(facts.open_files_limit)
    reading.host = host
  }
}
