internal import SystemIO

/// The sensors that a graphics driver registers, DEVICE/hwmon/hwmonN (Documentation/hwmon/sysfs-interface.rst).
struct Hwmon {
  /// Its folder.
  let folder: String

  /// The first of a device's whose name is one of `names`, else the first of all; nil where there is none.
  ///
  /// i915 registers one for the device and one for each of its parts ("i915_gt0"). Neither a name nor a label is read
  /// from the device, which thus is not woken.
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

  /// One of its files.
  func file(_ name: String) -> SysfsFile {
    SysfsFile(folder + "/" + name)
  }

  /// Whether it has a file.
  func has(_ name: String) -> Bool {
    Files.exists(folder + "/" + name)
  }

  /// Its temperatures' numbers by label, ["edge": 1, "junction": 2].
  var temperatures: [String: Int] {
    var numbers: [String: Int] = [:]
    for number in 1...16 {
      guard let label = Files.line(of: folder + "/temp\(number)_label") else { continue }
      if numbers[label] == nil { numbers[label] = number }
    }
    return numbers
  }
}
