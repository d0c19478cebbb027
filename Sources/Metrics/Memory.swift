/// Memory counters at one instant, in bytes; nil where the kernel does not report them.
package struct MemoryReading: Sendable, Hashable {
  /// MemTotal.
  package var total: UInt64?
  /// MemFree.
  package var free: UInt64?
  /// MemAvailable; nil before kernel 3.14.
  package var available: UInt64?
  package var buffers: UInt64?
  /// Cached: the page cache, shared memory included.
  package var cached: UInt64?
  /// Shmem.
  package var shared: UInt64?
  package var slab: UInt64?
  /// SReclaimable: the part of slab that can be reclaimed.
  package var reclaimable: UInt64?
  /// Dirty: page cache waiting to be written to disk.
  package var dirty: UInt64?
  /// Committed_AS: memory promised to processes, which may exceed the total.
  package var committed: UInt64?
  package var swapTotal: UInt64?
  package var swapFree: UInt64?
  /// SwapCached: swapped pages that are in memory too.
  package var swapCached: UInt64?
  /// Size of ZFS's adaptive replacement cache (ARC).
  package var arcSize: UInt64?
  /// Size below which ZFS does not shrink the ARC.
  package var arcMinimum: UInt64?
  /// Pages swapped in since boot, in bytes.
  package var swappedIn: UInt64?
  /// Pages swapped out since boot, in bytes.
  package var swappedOut: UInt64?
  /// Page faults that needed I/O, since boot.
  package var majorFaults: UInt64?
  /// KiB read from and written to block devices since boot, swapping included.
  package var pagedKilobytes: UInt64?
  /// Processes killed by the OOM killer since boot; nil before kernel 4.13.
  package var oomKills: UInt64?

  package init() {}

  /// Memory usable without swapping.
  ///
  /// MemAvailable; before kernel 3.14, MemFree + Buffers + Cached − Shmem + SReclaimable. The kernel does not count
  /// ZFS's cache; its part above the minimum is added, since it shrinks under pressure (arc_shrinker).
  package var usable: UInt64? {
    guard let total else { return nil }
    let kernel: UInt64
    if let available {
      kernel = available
    } else {
      guard let free else { return nil }
      let cache = (cached ?? 0) &+ (buffers ?? 0) &+ (reclaimable ?? 0)
      kernel = free &+ (cache > (shared ?? 0) ? cache - (shared ?? 0) : 0)
    }
    let arc = arcSize.map { $0 > (arcMinimum ?? 0) ? $0 - (arcMinimum ?? 0) : 0 } ?? 0
    return min(total, kernel &+ arc)
  }

  /// Clears values that contradict the amount of memory.
  ///
  /// In a container some lines of /proc/meminfo may be the group's and others the host's (lxcfs, cgroup-aware kernels),
  /// and a cache larger than the memory in use is another machine's.
  package mutating func removeImpossible() {
    guard let total else { return }
    func checked(_ value: UInt64?) -> UInt64? { value.flatMap { $0 <= total ? $0 : nil } }
    free = checked(free)
    available = checked(available)
    buffers = checked(buffers)
    cached = checked(cached)
    shared = checked(shared)
    slab = checked(slab)
    reclaimable = checked(reclaimable)
    dirty = checked(dirty)
    // Without swap, free swap is 0; with swap, a free value above the total is invalid.
    if let swapTotal, swapFree ?? .max > swapTotal { swapFree = swapTotal == 0 ? 0 : nil }
    if let arcSize, arcSize > total - (free ?? 0) { removeARC() }
  }

  /// Clears ZFS's cache.
  package mutating func removeARC() {
    arcSize = nil
    arcMinimum = nil
  }
}

/// Main memory, in bytes; NaN where absent.
package struct RAM: MetricGroup, Hashable {
  /// Memory managed by the kernel.
  package var total = Double.nan
  /// Total − available.
  package var used = Double.nan
  /// Unused.
  package var free = Double.nan
  package var available = Double.nan
  /// Page cache.
  package var cached = Double.nan
  /// Block device buffers.
  package var buffers = Double.nan
  /// Shared memory and tmpfs.
  package var shared = Double.nan
  /// Kernel objects.
  package var slab = Double.nan
  /// Page cache waiting to be written to disk.
  package var dirty = Double.nan
  /// Memory promised to processes.
  package var committed = Double.nan
  /// ZFS's cache (ARC).
  package var arc = Double.nan
  /// Major page faults per second.
  package var majorFaults = Double.nan
  /// Processes killed by the OOM killer since boot.
  package var oomKills = Double.nan

  package var usage: Double { share(used, of: total) }

  package init() {}

  /// Computes memory use between two Readings.
  package init(from previous: MemoryReading?, to current: MemoryReading, over elapsed: Elapsed) {
    total = metric(current.total)
    let usable = current.usable
    available = metric(usable)
    used = total - available
    free = metric(current.free)
    cached = metric(current.cached)
    buffers = metric(current.buffers)
    shared = metric(current.shared)
    slab = metric(current.slab)
    dirty = metric(current.dirty)
    committed = metric(current.committed)
    arc = metric(current.arcSize)
    majorFaults = elapsed.rate(previous?.majorFaults, current.majorFaults)
    oomKills = metric(current.oomKills)
  }

  package static let table = Table<RAM>([
    .gauge("total_mb", .mebibytes, "Total memory", source: "/proc/meminfo MemTotal", \.total).titled("Total", "合計"),
    .gauge("used_mb", .mebibytes, "Memory in use", source: "MemTotal − available", \.used).titled("Used", "使用中"),
    .gauge("free_mb", .mebibytes, "Memory not used for anything", source: "/proc/meminfo MemFree", \.free).titled(
      "Free", "空き"),
    .gauge("usage", .ratio, "Share of memory in use", source: "used ÷ total", \.usage).titled("Usage", "使用率"),
    .gauge(
      "available_mb", .mebibytes, "Memory usable without swapping",
      source: "/proc/meminfo MemAvailable (older kernels: MemFree + Buffers + Cached − Shmem + SReclaimable), "
        + "and the shrinkable part of ZFS's ARC", \.available
    ).titled("Available", "利用可能"),
    .gauge("cached_mb", .mebibytes, "Page cache, shared memory included", source: "/proc/meminfo Cached", \.cached)
      .titled("Cached", "キャッシュ"),
    .gauge("buffers_mb", .mebibytes, "Block device buffers", source: "/proc/meminfo Buffers", \.buffers).titled(
      "Buffers", "バッファ"),
    .gauge("shared_mb", .mebibytes, "Shared memory and tmpfs", source: "/proc/meminfo Shmem", \.shared).titled(
      "Shared", "共有"),
    .gauge("slab_mb", .mebibytes, "Slab (kernel objects)", source: "/proc/meminfo Slab", \.slab).titled(
      "Slab (kernel)", "スラブ (カーネル)"),
    .gauge(
      "dirty_mb", .mebibytes, "Dirty page cache, not yet written to disk", source: "/proc/meminfo Dirty", \.dirty
    ).titled("Dirty", "書き込み待ち (ダーティ)"),
    .gauge(
      "committed_mb", .mebibytes, "Memory promised to processes; it may exceed RAM and swap",
      source: "/proc/meminfo Committed_AS", \.committed
    ).titled("Committed", "コミット済み"),
    .gauge(
      "arc_mb", .mebibytes, "ZFS's adaptive replacement cache", source: "/proc/spl/kstat/zfs/arcstats size", \.arc
    ).titled("ZFS cache", "ZFS キャッシュ"),
    .gauge(
      "major_faults_per_sec", .perSecond, "Page faults that needed I/O", source: "/proc/vmstat pgmajfault",
      \.majorFaults
    ).rate.titled("Major faults", "メジャーフォルト"),
    .counter(
      "oom_kills_total", .count, "OOM kills since boot", source: "/proc/vmstat oom_kill", \.oomKills
    ).titled("OOM kills", "OOM による強制終了"),
  ])
}

/// Swap, in bytes; NaN where absent.
package struct Swap: MetricGroup, Hashable {
  package var total = Double.nan
  /// Total − free.
  package var used = Double.nan
  package var free = Double.nan
  /// Swapped pages that are in memory too.
  package var cached = Double.nan
  /// Bytes swapped in per second.
  package var inRate = Double.nan
  /// Bytes swapped out per second.
  package var outRate = Double.nan

  /// Used ÷ total; 0 without swap, so that alerts need no special case.
  package var usage: Double { total == 0 ? 0 : share(used, of: total) }

  package init() {}

  /// Computes swap use between two Readings; nil where the kernel does not report swap.
  package init?(from previous: MemoryReading?, to current: MemoryReading, over elapsed: Elapsed) {
    guard let swapTotal = current.swapTotal else { return nil }
    total = Double(swapTotal)
    free = metric(current.swapFree)
    used = total - free
    cached = metric(current.swapCached)
    inRate = elapsed.rate(previous?.swappedIn, current.swappedIn)
    outRate = elapsed.rate(previous?.swappedOut, current.swappedOut)
  }

  package static let table = Table<Swap>([
    .gauge("total_mb", .mebibytes, "Swap space", source: "/proc/meminfo SwapTotal", \.total).titled("Total", "合計"),
    .gauge("used_mb", .mebibytes, "Swap space in use", source: "SwapTotal − SwapFree", \.used).titled("Used", "使用中"),
    .gauge("free_mb", .mebibytes, "Swap space not in use", source: "/proc/meminfo SwapFree", \.free).titled(
      "Free", "空き"),
    .gauge("usage", .ratio, "Share of swap space in use", source: "used ÷ total", \.usage).titled("Usage", "使用率"),
    .gauge(
      "cached_mb", .mebibytes, "Swapped pages that are also in memory", source: "/proc/meminfo SwapCached", \.cached
    ).titled("Cached", "キャッシュ"),
    .gauge(
      "in_bytes_per_sec", .bytesPerSecond, "Read back from swap", source: "/proc/vmstat pswpin × page size", \.inRate
    ).rate.titled("Swapped in", "スワップイン"),
    .gauge(
      "out_bytes_per_sec", .bytesPerSecond, "Written to swap", source: "/proc/vmstat pswpout × page size", \.outRate
    ).rate.titled("Swapped out", "スワップアウト"),
  ])
}
