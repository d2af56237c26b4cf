package candor.ops.cpu;

import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The vectors of this machine, and the tile of a product that fits its registers.
 *
 * <p>Tiles are small on purpose. C2 gives up on larger ones (24 accumulators ran ten times slower than 16), and C1 runs out of
 * registers where operands are memory segments; a method that C1 refused in the middle of a loop is never compiled again,
 * and stays a thousand times slower. Eight rows by two vectors of 16 floats keep the multipliers of a core with AVX-512
 * busy.
 */
final class TileShape {
    /** The widest vectors that the machine likes. */
    static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;

    /** Floats in a vector. */
    static final int LANES = S.length();

    /** Columns of the widest tile. */
    static final int COLUMNS = 2 * LANES;

    /** Rows of the tallest tile: as many as leave the accumulators, one A and two B in registers. */
    static final int ROWS = LANES >= 16 ? 8 : 6;

    /** Floats of a tile. */
    static final int TILE = ROWS * COLUMNS;

    static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;
    static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
    static final ValueLayout.OfInt BITS = ValueLayout.JAVA_INT_UNALIGNED;

    private TileShape() {}
}
