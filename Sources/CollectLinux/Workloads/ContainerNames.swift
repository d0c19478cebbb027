internal import Collect
internal import SystemIO

/// Names of containers and pods, from the files of their engines and Kubernetes' folders of logs; no engine is asked.
///
/// The files may lie on a disk that hangs, so that they are read on a thread of their own, once per container.
final class ContainerNames {
  /// Maximum containers of one reading.
  private static let limit = 4_096

  private let root: String
  private var batch: (paths: Set<String>, source: BlockingSource<[String: ContainerDescription]>)?

  init(root: String) { self.root = root }

  /// Passes those of new containers and pods to `body` that are read, with nil where nothing describes them.
  ///
  /// The others are passed by a later call with them.
  func describe(_ groups: [WorkloadPath], _ body: (WorkloadPath, ContainerDescription?) -> Void) {
    if batch == nil { ask(groups) }
    guard let batch, batch.source.asking == nil else { return }
    let answer = batch.source.answer(waiting: 0).answer ?? [:]
    for group in groups where batch.paths.contains(group.path) { body(group, answer[group.path]) }
    self.batch = nil
  }

  private func ask(_ groups: [WorkloadPath]) {
    guard !groups.isEmpty else { return }
    let (root, groups) = (root, Array(groups.prefix(Self.limit)))
    let source = BlockingSource {
      var found: [String: ContainerDescription] = [:]
      for group in groups { found[group.path] = Self.read(group, root) }
      return found
    }
    batch = (Set(groups.map(\.path)), source)
    source.ask()
    // A recording's files do not hang.
    if !root.isEmpty { _ = source.answer(waiting: 5) }
  }

  private static func read(_ found: WorkloadPath, _ root: String) -> ContainerDescription? {
    var description: ContainerDescription?
    if let id = ContainerFiles.id(in: found.path) {
      for source in ContainerFiles.all where description == nil {
        guard let bytes = try? Files.contents(of: root + source.path(id)), bytes.count <= ContainerFiles.maxBytes else {
          continue
        }
        description = source.parse(bytes.span, id)
      }
    }
    if description?.pod == nil, let uid = found.pod, let pod = pod(uid, root) {
      description = description ?? ContainerDescription()
      description?.pod = pod
    }
    return description
  }

  /// The pod of a uid by the kubelet's folders of logs, "NAMESPACE_NAME_UID"; those of static pods have a hash instead.
  private static func pod(_ uid: String, _ root: String) -> String? {
    for name in Files.names(in: root + "/var/log/pods") {
      let parts = name.split(separator: "_")
      if parts.count == 3, parts[2] == uid { return parts[0] + "/" + parts[1] }
    }
    return nil
  }
}
