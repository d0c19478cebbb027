/// The last so many of a row: a buffer that overwrites its oldest element when full.
package struct Ring<Element> {
  /// How many it holds at most; at least 1.
  package let capacity: Int
  private var storage: [Element] = []
  private var head = 0

  /// An empty ring.
  package init(capacity: Int) {
    self.capacity = max(1, capacity)
  }

  /// How many it holds.
  package var count: Int { storage.count }

  /// Adds the newest, over the oldest when full.
  package mutating func append(_ element: Element) {
    if storage.count < capacity {
      storage.append(element)
    } else {
      storage[head] = element
      head = (head + 1) % capacity
    }
  }

  /// The element at an index, 0 the oldest.
  package subscript(index: Int) -> Element {
    precondition(index >= 0 && index < storage.count, "index outside the ring")
    return storage[(head + index) % storage.count]
  }

  /// The oldest; nil when empty.
  package var first: Element? {
    storage.isEmpty ? nil : self[0]
  }

  /// The newest; nil when empty.
  package var last: Element? {
    storage.isEmpty ? nil : self[storage.count - 1]
  }

  /// All of them, oldest first.
  package var elements: [Element] {
    Array(storage[head...]) + storage[..<head]
  }
}
