internal import CSystemIO

/// Reports the service's state to systemd by the protocol of sd_notify(3); has no effect if it did not start the agent.
package struct SystemdNotifier: Sendable {
  /// Path of the socket, or `@` and an abstract name; nil without `NOTIFY_SOCKET`.
  private let socket: String?
  /// Seconds between two signs of life: half of the unit's WatchdogSec; nil without one for this process.
  package let watchdogInterval: Double?

  /// - Parameter variable: reads the environment.
  package init(variable: (String) -> String? = { Environment.value(of: $0) }) {
    socket = variable("NOTIFY_SOCKET").flatMap { $0.hasPrefix("/") || $0.hasPrefix("@") ? $0 : nil }
    let isForThis = variable("WATCHDOG_PID").map { $0 == String(csystemio_process_number()) } ?? true
    let microseconds = variable("WATCHDOG_USEC").flatMap { UInt64($0) } ?? 0
    watchdogInterval = socket != nil && isForThis && microseconds > 0 ? Double(microseconds) / 2e6 : nil
  }

  /// The service is up, or has finished a reload.
  package func ready(_ status: String) { send("READY=1\n" + Self.line(status)) }

  /// Replaces the text that `systemctl status` shows.
  package func status(_ text: String) { send(Self.line(text)) }

  /// The settings are being read again; ``ready(_:)`` ends it.
  package func reloading() {
    // systemd compares the time with that of its request (Type=notify-reload).
    send("RELOADING=1\nMONOTONIC_USEC=\(UInt64(max(0, Clock.monotonic) * 1e6))")
  }

  /// The service has begun to stop.
  package func stopping() { send("STOPPING=1") }

  /// Sign of life, due every ``watchdogInterval``.
  package func watchdog() { send("WATCHDOG=1") }

  /// A newline would begin another assignment.
  private static func line(_ status: String) -> String { "STATUS=" + String(status.map { $0.isNewline ? " " : $0 }) }

  private func send(_ message: String) {
    guard let socket else { return }
    // A lost message must not stop the service: systemd itself notices missing signs of life.
    var message = message
    _ = message.withUTF8 { csystemio_send_datagram(socket, $0.baseAddress, Int64($0.count)) }
  }
}
