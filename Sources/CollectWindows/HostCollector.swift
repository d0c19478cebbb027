package import AgentMetrics
package import Collect
internal import CWindows

/// Name, version and uptime of the machine.
package final class HostCollector: Collector {
  package let name = "host"

  /// First build of Windows 11, whose registry still names Windows 10.
  private static let windows11 = 22_000

  package init() {}

  /// Writes `reading.host`; uses the timestamp of the reading.
  package func read(into reading: inout Reading) throws(CollectorError) {
    var facts = cwindows_host()
    reading.host = Host()
    guard cwindows_host(&facts) else { throw CollectorError("RtlGetVersion: no version") }
    var host = Host()
    host.hostname = textIfAny(facts.hostname)
    host.os = Self.name(facts)
    let revision = facts.revision > 0 ? ".\(facts.revision)" : ""
    host.kernel = "Windows NT \(facts.major).\(facts.minor).\(facts.build)\(revision)"
    host.architecture = textIfAny(facts.architecture)
    host.product = textIfAny(facts.model)
    host.uptime = Double(facts.uptime_ms) / 1_000
    host.bootTime =
      facts.boot == cwindows_absent
      ? (reading.timestamp.seconds - host.uptime).rounded() : cwindows_unix_time(facts.boot).rounded()
    reading.host = host
  }

  /// "Windows 11 Pro 23H2".
  private static func name(_ facts: cwindows_host) -> String? {
    guard var product = textIfAny(facts.product) else { return nil }
    if facts.build >= windows11, !facts.is_server, product.hasPrefix("Windows 10") {
      product = "Windows 11" + product.dropFirst("Windows 10".count)
    }
    return [product, text(facts.release)].filter { !$0.isEmpty }.joined(separator: " ")
  }
}
