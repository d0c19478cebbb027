internal import SystemIO

/// The sensors that a graphics driver registers, DEVICE/hwmon/hwmonN (Documentation/hwmon/sysfs-interface.rst).
struct Hwmon {
  let folder: String

  /// Finds the first folder of a device whose name is one of `names`, else the first of all; nil without any.
  ///
  /// i915 registers one for the device and one for each of its parts ("i915_gt0"). Neither name nor label is read from
  /// the device, so this does not wake it.
  init?(deviceFolder: String, names: Set<String>) {
    let parent = deviceFolder + "/hwmon/"
    let folders = Files.names(in: parent).filter { $0.hasPrefix("hwmon") }.sorted { first, second in
      (first.utf8.count, first) < (second.utf8.count, second)
    }
    guard
      let found = folders.first(where: { names.contains(Files.line(of: parent + $0 + "/name") ?? "") })
        ?? folders.first
    else { return nil }
    folder = parent + found
  }

  func file(_ name: String) -> SysfsFile {
    SysfsFile(folder + "/" + name)
  }

  /// Indexes of the temperatures by label, such as ["edge": 1, "junction": 2].
  var temperatures: [String: Int] {
    var numbers: [String: Int] = [:]
    for number in 1...16 {
      guard let label = Files.line(of: folder + "/temp\(number)_label") else { continue }
      if numbers[label] == nil { numbers[label] = number }
    }
    return numbers
  }
}
