/**
 * The operations that a decoder is made of: {@link candor.ops.Ops} names them, forward beside backward, and a
 * {@link candor.ops.Backend} carries them out somewhere. {@link candor.ops.Batch} is what they all speak of: sequences
 * packed one after another, each with the slot of its adapter.
 *
 * <p>Letters for shapes, everywhere: N tokens packed · T of them with a target · S sequences · C width · H query heads,
 * K key heads · D head width · F feed-forward width · V vocabulary · R rank · I inputs and O outputs of a linear layer.
 */
package candor.ops;
