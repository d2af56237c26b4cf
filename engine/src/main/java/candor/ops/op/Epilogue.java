package candor.ops.op;

/** What may follow linear layers of one input in the same operation, see {@link Linears#then}: it works on what they have made. */
public sealed interface Epilogue extends Op permits GeGlu, Rope, SwiGlu {
    /** Bytes that it moves beside what the layers have made, which is at hand. */
    long bytesBeside();

    /** Whether its result takes the place of what the layers have made. */
    boolean inPlace();
}
