internal import CDarwin

// Definitions of CDarwin's functions, which are compiled only for macOS, by the installed machine.

/// The number of entries found, which may exceed the capacity.
private func copy<Entry>(_ list: [Entry]?, _ entries: UnsafeMutablePointer<Entry>?, _ capacity: Int32) -> Int32 {
  guard let list, let entries else { return -1 }
  for (index, entry) in list.prefix(Int(capacity)).enumerated() { entries[index] = entry }
  return Int32(list.count)
}

private func copy<Value>(_ value: Value?, _ destination: UnsafeMutablePointer<Value>?) -> Bool {
  guard let value, let destination else { return false }
  destination.pointee = value
  return true
}

private func copy(_ text: String?, _ characters: UnsafeMutablePointer<CChar>?, _ capacity: Int32) -> Bool {
  guard let text, let characters, capacity > 0 else { return false }
  var index = 0
  for byte in text.utf8.prefix(Int(capacity) - 1) {
    characters[index] = CChar(bitPattern: byte)
    index += 1
  }
  characters[index] = 0
  return true
}

@_cdecl("cdarwin_error_text")
func errorText(_ code: Int32, _ text: UnsafeMutablePointer<CChar>?, _ capacity: Int32) {
  _ = copy(code == 60 ? "Operation timed out" : "error \(code)", text, capacity)
}

@_cdecl("cdarwin_cpus")
func cpus(_ cpus: UnsafeMutablePointer<cdarwin_cpu>?, _ capacity: Int32) -> Int32 {
  copy(DarwinMachine.read { $0.cpus }, cpus, capacity)
}

@_cdecl("cdarwin_topology")
func topology(_ topology: UnsafeMutablePointer<cdarwin_topology>?) -> Bool {
  copy(DarwinMachine.read { $0.topology }, topology)
}

@_cdecl("cdarwin_load")
func load(_ averages: UnsafeMutablePointer<Double>?) -> Bool {
  guard let averages, let load = DarwinMachine.read({ $0.load }) else { return false }
  for index in 0..<3 { averages[index] = load[index] }
  return true
}

@_cdecl("cdarwin_memory")
func memory(_ memory: UnsafeMutablePointer<cdarwin_memory>?) -> Bool {
  copy(DarwinMachine.read { $0.memory }, memory)
}

@_cdecl("cdarwin_filesystems")
func filesystems(_ filesystems: UnsafeMutablePointer<cdarwin_filesystem>?, _ capacity: Int32) -> Int32 {
  copy(DarwinMachine.read { $0.filesystems }, filesystems, capacity)
}

@_cdecl("cdarwin_filesystem_space")
func filesystemSpace(_ mountpoint: UnsafePointer<CChar>, _ space: UnsafeMutablePointer<cdarwin_space>?) -> Int32 {
  let mountpoint = String(cString: mountpoint)
  DarwinMachine.waitForMount(mountpoint)
  // ENOENT.
  guard let answer = DarwinMachine.read({ $0.spaces[mountpoint] }) else { return 2 }
  space?.pointee = answer.space
  return answer.error
}

@_cdecl("cdarwin_interfaces")
func interfaces(_ interfaces: UnsafeMutablePointer<cdarwin_interface>?, _ capacity: Int32) -> Int32 {
  copy(DarwinMachine.read { $0.interfaces }, interfaces, capacity)
}

@_cdecl("cdarwin_timebase")
func timebase(_ timebase: UnsafeMutablePointer<cdarwin_timebase>?) -> Bool {
  copy(DarwinMachine.read { $0.timebase }, timebase)
}

@_cdecl("cdarwin_processes")
func processes(_ processes: UnsafeMutablePointer<cdarwin_process>?, _ capacity: Int32) -> Int32 {
  copy(DarwinMachine.read { $0.processes }, processes, capacity)
}

@_cdecl("cdarwin_process_started")
func processStarted(_ pid: Int32, _ started: UnsafeMutablePointer<UInt64>?) -> Bool {
  copy(DarwinMachine.read { machine in machine.processes?.first { $0.pid == pid }?.started }, started)
}

@_cdecl("cdarwin_process_arguments")
func processArguments(_ pid: Int32, _ bytes: UnsafeMutablePointer<UInt8>?, _ capacity: Int64) -> Int64 {
  guard let arguments = DarwinMachine.read({ $0.arguments[pid] }) else { return -1 }
  return Int64(min(copy(arguments, bytes, Int32(clamping: capacity)), Int32(clamping: capacity)))
}

@_cdecl("cdarwin_process_path")
func processPath(_ pid: Int32, _ path: UnsafeMutablePointer<CChar>?, _ capacity: Int32) -> Bool {
  copy(DarwinMachine.read { $0.paths[pid] }, path, capacity)
}

@_cdecl("cdarwin_process_directory")
func processDirectory(_ pid: Int32, _ path: UnsafeMutablePointer<CChar>?, _ capacity: Int32) -> Bool {
  copy(DarwinMachine.read { $0.directories[pid] }, path, capacity)
}

@_cdecl("cdarwin_user_name")
func userName(_ user: UInt32, _ name: UnsafeMutablePointer<CChar>?, _ capacity: Int32) -> Bool {
  copy(DarwinMachine.read { $0.users[user] }, name, capacity)
}

@_cdecl("cdarwin_own_resident")
func ownResident() -> UInt64 { 26_214_400 }

@_cdecl("cdarwin_host")
func host(_ host: UnsafeMutablePointer<cdarwin_host>?) -> Bool {
  copy(DarwinMachine.read { $0.host }, host)
}
