import SystemIO
import TestSupport
import Testing

@Suite struct SystemdNotifierTests {
  private func notifier(_ variables: [String: String]) -> SystemdNotifier {
    SystemdNotifier { variables[$0] }
  }

  @Test("Messages reach a socket with a path and one with an abstract name", arguments: [false, true])
  func messages(isAbstract: Bool) throws {
    let folder = try TemporaryFolder()
    let name = isAbstract ? "@agent-test-\(UInt64.random(in: 0 ... .max))" : folder.file("notify")
    let socket = try NotifySocket(name)
    let notifier = notifier(["NOTIFY_SOCKET": name])
    notifier.ready("listening on http://127.0.0.1:8080")
    #expect(socket.next() == "READY=1\nSTATUS=listening on http://127.0.0.1:8080")
    notifier.status("two\nlines\r\nREADY=1")
    #expect(socket.next() == "STATUS=two lines READY=1")
    notifier.reloading()
    #expect(socket.next()?.hasPrefix("RELOADING=1\nMONOTONIC_USEC=") == true)
    notifier.watchdog()
    #expect(socket.next() == "WATCHDOG=1")
    notifier.stopping()
    #expect(socket.next() == "STOPPING=1")
  }

  @Test("A full or missing socket delays no caller, and is no error")
  func unusable() throws {
    let folder = try TemporaryFolder()
    let socket = try NotifySocket(folder.file("full"))
    for name in [
      "", "x", "/nowhere/socket", "@" + String(repeating: "a", count: 200), "vsock:2:1", folder.file("full"),
    ] {
      let notifier = notifier(["NOTIFY_SOCKET": name])
      for _ in 0..<5_000 { notifier.watchdog() }
    }
    #expect(socket.next() == "WATCHDOG=1")
  }

  @Test("The watchdog is half of WATCHDOG_USEC, for this process alone")
  func interval() {
    let socket = ["NOTIFY_SOCKET": "/run/notify"]
    func interval(_ variables: [String: String]) -> Double? {
      notifier(socket.merging(variables) { $1 }).watchdogInterval
    }
    #expect(interval(["WATCHDOG_USEC": "120000000"]) == 60)
    #expect(interval(["WATCHDOG_USEC": "120000000", "WATCHDOG_PID": String(getpid())]) == 60)
    #expect(interval(["WATCHDOG_USEC": "120000000", "WATCHDOG_PID": "1"]) == nil)
    for wrong in ["", "0", "-5", "1.5", "99999999999999999999", "soon"] {
      #expect(interval(["WATCHDOG_USEC": wrong]) == nil, "\(wrong)")
    }
    #expect(notifier(["WATCHDOG_USEC": "120000000"]).watchdogInterval == nil)
    #expect(interval([:]) == nil)
  }
}
