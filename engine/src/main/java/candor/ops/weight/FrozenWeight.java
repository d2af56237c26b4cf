package candor.ops.weight;

/**
 * A weight whose values never change: as it is stored ({@link StoredWeight}), or what a backend made of it, which may be an order
 * of its own, another type, another memory.
 */
public non-sealed interface FrozenWeight extends Weight {}
