internal import CSystemIO
internal import SystemIO

/// Finds processes of control groups.
enum GroupProcess {
  /// A process of a group, or of one inside it, such as the containers of a pod.
  static func first(in folder: String, _ buffer: ReadBuffer, depth: Int = 0) -> Int32? {
    let descriptor = csystemio_open_read(folder + "/cgroup.procs")
    guard descriptor >= 0 else { return nil }
    // The beginning suffices: a group may have thousands.
    let pid = buffer.readOnce(descriptor: descriptor) { CgroupParser.limit($0) } ?? nil
    csystemio_close(descriptor)
    if let pid { return pid > 0 ? Int32(exactly: pid) : nil }
    guard depth < 3 else { return nil }
    // A container's monitor or its pause process may be all that is there, so that the first one counts.
    for name in CgroupIndex.folders(in: folder).prefix(16) {
      if let pid = first(in: folder + "/" + name, buffer, depth: depth + 1) { return pid }
    }
    return nil
  }
}
