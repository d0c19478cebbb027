internal import CWindows

// Definitions of CWindows's functions, which are compiled only for Windows, by the installed machine.

private func copy<Entry>(_ list: [Entry]?, _ entries: UnsafeMutablePointer<Entry>?, _ capacity: Int32) -> Int32 {
  guard let list, let entries else { return -1 }
  for (index, entry) in list.prefix(Int(capacity)).enumerated() { entries[index] = entry }
  return Int32(min(list.count, Int(capacity)))
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

@_cdecl("cwindows_error_text")
func errorText(_ code: UInt32, _ text: UnsafeMutablePointer<CChar>?, _ capacity: Int32) {
  let texts: [UInt32: String] = [
    5: "Access is denied", 1_053: "The service did not respond to the start request in a timely fashion",
    0x8031_0000: "This drive is locked by BitLocker Drive Encryption",
  ]
  _ = copy(texts[code] ?? "error \(code)", text, capacity)
}

@_cdecl("cwindows_processors")
func processors(_ processors: UnsafeMutablePointer<cwindows_processor>?, _ capacity: Int32) -> Int32 {
  copy(WindowsMachine.read { $0.processors }, processors, capacity)
}

@_cdecl("cwindows_topology")
func topology(_ topology: UnsafeMutablePointer<cwindows_topology>?) -> Bool {
  copy(WindowsMachine.read { $0.topology }, topology)
}

@_cdecl("cwindows_frequencies")
func frequencies(_ frequencies: UnsafeMutablePointer<cwindows_frequency>?, _ capacity: Int32) -> Int32 {
  copy(WindowsMachine.read { $0.frequencies }, frequencies, capacity)
}

@_cdecl("cwindows_memory")
func memory(_ memory: UnsafeMutablePointer<cwindows_memory>?) -> Bool {
  copy(WindowsMachine.read { $0.memory }, memory)
}

@_cdecl("cwindows_volumes")
func volumes(_ volumes: UnsafeMutablePointer<cwindows_volume>?, _ capacity: Int32) -> Int32 {
  copy(WindowsMachine.read { $0.volumes }, volumes, capacity)
}

@_cdecl("cwindows_volume_space")
func volumeSpace(_ root: UnsafePointer<CChar>, _ space: UnsafeMutablePointer<cwindows_space>?) -> UInt32 {
  let drive = String(cString: root)
  WindowsMachine.waitForDrive(drive)
  // ERROR_PATH_NOT_FOUND.
  guard let answer = WindowsMachine.read({ $0.spaces[drive] }) else { return 3 }
  space?.pointee = answer.space
  return answer.error
}

@_cdecl("cwindows_disks")
func disks(_ disks: UnsafeMutablePointer<cwindows_disk>?, _ capacity: Int32, _ rescan: Bool) -> Int32 {
  copy(WindowsMachine.read { $0.disks }, disks, capacity)
}

@_cdecl("cwindows_disk_model")
func diskModel(_ number: UInt32, _ model: UnsafeMutablePointer<CChar>?, _ capacity: Int32) -> Bool {
  copy(WindowsMachine.read { $0.diskModels[number] }, model, capacity)
}

@_cdecl("cwindows_disk_letters")
func diskLetters(_ disks: UnsafeMutablePointer<Int32>?) {
  let letters = WindowsMachine.read { $0.diskLetters }
  for index in 0..<26 {
    let letter = Character(UnicodeScalar(UInt8(ascii: "A") + UInt8(index)))
    disks?[index] = letters[letter] ?? -1
  }
}

@_cdecl("cwindows_interfaces")
func interfaces(_ interfaces: UnsafeMutablePointer<cwindows_interface>?, _ capacity: Int32) -> Int32 {
  copy(WindowsMachine.read { $0.interfaces }, interfaces, capacity)
}

@_cdecl("cwindows_processes")
func processes(_ processes: UnsafeMutablePointer<cwindows_process>?, _ capacity: Int32) -> Int32 {
  let list = WindowsMachine.read { $0.processes }
  let count = copy(list, processes, capacity)
  // The number of those found, which may exceed the capacity.
  return count < 0 ? count : Int32(list?.count ?? 0)
}

@_cdecl("cwindows_own_working_set")
func ownWorkingSet() -> UInt64 { 26_214_400 }

@_cdecl("cwindows_process_created")
func processCreated(_ pid: UInt32, _ created: UnsafeMutablePointer<UInt64>?) -> Bool {
  copy(WindowsMachine.read { machine in machine.processes?.first { $0.pid == pid }?.created }, created)
}

@_cdecl("cwindows_process_user")
func processUser(_ pid: UInt32, _ sid: UnsafeMutablePointer<CChar>?, _ capacity: Int32) -> Bool {
  copy(WindowsMachine.read { $0.users[pid] }, sid, capacity)
}

@_cdecl("cwindows_account_name")
func accountName(_ sid: UnsafePointer<CChar>, _ name: UnsafeMutablePointer<CChar>?, _ capacity: Int32) -> Bool {
  let identifier = String(cString: sid)
  return copy(WindowsMachine.read { $0.accounts[identifier] }, name, capacity)
}

@_cdecl("cwindows_command_line")
func commandLine(_ pid: UInt32, _ text: UnsafeMutablePointer<CChar>?, _ capacity: Int32) -> Bool {
  copy(WindowsMachine.read { $0.commands[pid] }, text, capacity)
}

@_cdecl("cwindows_process_path")
func processPath(_ pid: UInt32, _ path: UnsafeMutablePointer<CChar>?, _ capacity: Int32) -> Bool {
  copy(WindowsMachine.read { $0.paths[pid] }, path, capacity)
}

@_cdecl("cwindows_services")
func services(_ services: UnsafeMutablePointer<cwindows_service>?, _ capacity: Int32) -> Int32 {
  copy(WindowsMachine.read { $0.services }, services, capacity)
}

@_cdecl("cwindows_host")
func host(_ host: UnsafeMutablePointer<cwindows_host>?) -> Bool {
  copy(WindowsMachine.read { $0.host }, host)
}

@_cdecl("cwindows_unix_time")
func unixTime(_ filetime: UInt64) -> Double { Double(filetime) / 1e7 - 11_644_473_600 }

@_cdecl("cwindows_gpus")
func gpus(_ gpus: UnsafeMutablePointer<cwindows_gpu>?, _ capacity: Int32) -> Int32 {
  copy(WindowsMachine.read { $0.gpus }, gpus, capacity)
}

@_cdecl("cwindows_display_devices")
func displayDevices(_ devices: UnsafeMutablePointer<cwindows_display_device>?, _ capacity: Int32) -> Int32 {
  copy(WindowsMachine.read { $0.displays }, devices, capacity)
}
