internal import SystemIO

/// The container or service of a process, from /proc/[pid]/cgroup.
///
/// Containers are "engine:first 12 digits of the id", as in their engines' own commands, or "engine:name" if the engine
/// uses names, or "container:id" if the path does not contain the engine. Services are systemd's units, such as
/// "ssh.service". A container precedes a service within it, and an outer container precedes an inner one.
enum ServiceName {
  /// The name; nil without either, as in a login session.
  static func find(in bytes: Span<UInt8>) -> String? {
    let memberships = CgroupParser.memberships(bytes)
    // Version 2's line, then that of systemd's own hierarchy, then the others.
    let paths =
      memberships.filter { $0.controllers.isEmpty } + memberships.filter { $0.controllers == ["name=systemd"] }
      + memberships.filter { !$0.controllers.isEmpty && $0.controllers != ["name=systemd"] }
    for membership in paths {
      if let name = container(in: membership.path.split(separator: "/"))?.name { return name }
    }
    for membership in paths {
      if let name = service(in: membership.path) { return name }
    }
    return nil
  }

  /// Engines by the prefix of an id in a group's name, if it is not the engine's own name: "libpod-5f1c….scope".
  private static let engines: [Substring: String] = [
    "cri-containerd": "containerd", "nerdctl": "containerd", "libpod": "podman", "libpod-conmon": "podman",
    "libpod-payload": "podman", "crio-conmon": "crio", "cri-o": "crio", "conmon": "podman", "kata_overhead": "kata",
    "kata": "kata",
  ]

  /// Engines by a text in an ancestor's name, for ids without a prefix.
  private static let parents: [(name: Substring, engine: String)] = [
    ("kubepods", "kubernetes"), ("docker", "docker"), ("libpod", "podman"), ("ecs", "ecs"), ("buildkit", "buildkit"),
    ("garden", "garden"), ("nomad", "nomad"), ("mesos", "mesos"), ("firecracker", "firecracker"), ("lxc", "lxc"),
    ("kata", "kata"), ("crio", "crio"), ("containerd", "containerd"), ("balena", "balena"),
  ]

  /// The outermost container, machine or job of a path, "engine:name", and the index of its group.
  static func container(in parts: [Substring]) -> (name: String, index: Int)? {
    for index in parts.indices {
      if let name = container(parts[index], after: parts[..<index], before: parts[(index + 1)...]) {
        return (name, index)
      }
    }
    return nil
  }

  /// The container of a group, by its name and those of the groups above and below it.
  private static func container(
    _ part: Substring, after: ArraySlice<Substring>, before: ArraySlice<Substring>
  ) -> String? {
    let parent = after.last ?? ""
    let isScope = part.hasSuffix(".scope")
    let stem = isScope ? part.dropLast(".scope".count) : part
    // runc's form for systemd, used with cgroupfs: "kubepods-pod5.slice:cri-containerd:5f1c…".
    let fields = stem.split(separator: ":", omittingEmptySubsequences: false)
    if fields.count == 3, fields[0].hasSuffix(".slice"), !fields[1].isEmpty, !fields[2].isEmpty {
      return (engines[fields[1]] ?? String(fields[1])) + ":" + (identifier(fields[2]) ?? String(fields[2]))
    }
    if let (prefix, id) = prefixed(stem) {
      return (prefix.isEmpty ? engine(above: after) : engines[prefix] ?? String(prefix)) + ":" + id
    }
    if isScope, stem.hasPrefix("machine-") { return "machine:" + unescaped(stem.dropFirst("machine-".count)) }
    if isScope, parent == "qemu.slice", !stem.isEmpty { return "qemu:" + unescaped(stem) }
    if isScope, let name = instance(stem) { return name }
    // Names rather than ids.
    if before.first == "payload", let name = machine(part) { return "machine:" + name }
    for (suffix, engine) in [(".libvirt-qemu", "qemu"), (".libvirt-lxc", "lxc")] where part.hasSuffix(suffix) {
      return engine + ":" + part.dropLast(suffix.count)
    }
    if parent == "lxc" || parent == "lxc.payload" { return "lxc:" + part }
    if part.hasPrefix("lxc.payload.") { return "lxc:" + part.dropFirst("lxc.payload.".count) }
    if parent == "buildkit" { return "buildkit:" + part.prefix(12) }
    if let job = slurmJob(part, after) ?? slurmJob(parent, after) { return "slurm:" + job }
    // Other ids denote a container only below a group known to hold some.
    guard let id = otherIdentifier(stem) else { return nil }
    let name = engine(above: after)
    return name == "container" ? nil : name + ":" + id
  }

  /// The engine of an id without a prefix: by the nearest ancestor that contains one's name.
  private static func engine(above: ArraySlice<Substring>) -> String {
    for part in above.reversed() {
      if let engine = parents.first(where: { part.contains($0.name) && !part.hasSuffix(".service") })?.engine {
        return engine
      }
    }
    return "container"
  }

  /// The first 12 digits of a container's id of 64, and its prefix: "docker" of "docker-5f1c…", empty for "5f1c…".
  private static func prefixed(_ stem: Substring) -> (prefix: Substring, id: String)? {
    guard let id = identifier(stem.suffix(64)) else { return nil }
    let prefix = stem.dropLast(64)
    guard let last = prefix.last else { return (prefix, id) }
    return last == "-" || last == "_" ? (prefix.dropLast(), id) : nil
  }

  private static func identifier(_ text: Substring) -> String? {
    text.utf8.count == 64 && text.utf8.allSatisfy(isHexadecimal) ? String(text.prefix(12)) : nil
  }

  /// Ids of other forms, shortened as in their tools: 32 digits, followed by a number on Fargate, and UUIDs, followed
  /// by a task's name in Nomad.
  private static func otherIdentifier(_ text: Substring) -> String? {
    let digits = text.utf8.prefix(while: isHexadecimal).count
    if digits == 32, let next = text.utf8.dropFirst(32).first, next == UInt8(ascii: "-") {
      return String(text.prefix(12))
    }
    let groups = text.prefix(36).split(separator: "-", omittingEmptySubsequences: false)
    let isUUID =
      groups.map(\.utf8.count) == [8, 4, 4, 4, 12] && groups.allSatisfy { $0.utf8.allSatisfy(isHexadecimal) }
    let end = text.utf8.dropFirst(36).first
    return isUUID && (end == nil || end == UInt8(ascii: ".") || end == UInt8(ascii: "-")) ? String(text.prefix(8)) : nil
  }

  private static func isHexadecimal(_ byte: UInt8) -> Bool { byte.isDigit || (0x61...0x66).contains(byte) }

  /// Apptainer names its scopes by a process: "apptainer-4711".
  private static func instance(_ stem: Substring) -> String? {
    for engine in ["apptainer", "singularity"] where stem.hasPrefix(engine + "-") {
      let number = stem.dropFirst(engine.count + 1)
      if !number.isEmpty, number.allSatisfy(\.isNumber) { return engine + ":" + number }
    }
    return nil
  }

  /// The machine of a unit that runs one, "web" of "systemd-nspawn@web.service".
  private static func machine(_ unit: Substring) -> String? {
    for kind in ["systemd-nspawn@", "systemd-vmspawn@"] where unit.hasPrefix(kind) && unit.hasSuffix(".service") {
      return unescaped(unit.dropFirst(kind.count).dropLast(".service".count))
    }
    return nil
  }

  private static func slurmJob(_ part: Substring, _ after: ArraySlice<Substring>) -> Substring? {
    // slurmd puts the node's name first where several run on a machine: "NODE_slurmstepd.scope".
    guard part.hasPrefix("job_"), after.contains(where: { $0.hasPrefix("slurm") || $0.contains("_slurmstepd") }) else {
      return nil
    }
    let job = part.dropFirst("job_".count)
    return !job.isEmpty && job.allSatisfy(\.isNumber) ? job : nil
  }

  private static func service(in path: String) -> String? {
    path.split(separator: "/").last { $0.hasSuffix(".service") }.map { unit($0) }
  }

  /// The name of a unit in systemd's own form, unless it has escapes of characters that no unit's name has.
  ///
  /// `foo\x2dbar.service` and `foo-bar.service` are two units, and systemctl knows the first by that name only.
  static func unit(_ text: Substring) -> String {
    let plain = unescaped(text)
    let isName = plain.utf8.allSatisfy {
      $0.isDigit || (0x61...0x7A).contains($0 | 0x20) || ":-_.@\\".utf8.contains($0)
    }
    return isName ? String(text) : plain
  }

  /// systemd.unit(5) escapes bytes as `\x2d`.
  static func unescaped(_ text: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "\\"), rest.first == UInt8(ascii: "x"), rest.count >= 3,
        let value = UInt8(String(decoding: rest.dropFirst().prefix(2), as: UTF8.self), radix: 16)
      {
        bytes.append(value)
        rest = rest.dropFirst(3)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
