package candor.bench;

import candor.BadInput;
import candor.ops.AskedDtype;
import candor.ops.Backend;
import candor.ops.BackendDescriptor;
import candor.ops.Backends;
import candor.tensor.DType;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * How a comparison's arguments end: {@code [DTYPE] [PYTHON SCRIPT]}.
 *
 * @param backend the CPU; ours rounds operands of products to its type, and a peer computes in it
 * @param peer    what starts the peer; empty for ours alone
 */
record Against(BackendDescriptor backend, List<String> peer) {
    /** @param from the first of the arguments that are left */
    static Against of(String[] args, int from) {
        List<String> left = List.of(args).subList(from, args.length);
        AskedDtype dtype = AskedDtype.AUTO;
        for (AskedDtype each : AskedDtype.values()) {
            if (!left.isEmpty() && left.getFirst().equals(each.word())) {
                dtype = each;
                left = left.subList(1, left.size());
                break;
            }
        }
        if (!left.isEmpty() && left.size() != 2) {
            throw new BadInput("the arguments end with " + String.join(" ", left)
                    + ", expected [float32|bfloat16] [PYTHON SCRIPT]");
        }
        return new Against(dtype.on(BackendDescriptor.CPU), List.copyOf(left));
    }

    Backend open(int threads) {
        return Backends.open(backend, threads);
    }

    /** The peer, ready for its first turn; null for ours alone. */
    Peer start(List<String> options) throws IOException {
        if (peer.isEmpty()) {
            return null;
        }
        List<String> command = new ArrayList<>(peer);
        command.addAll(options);
        command.addAll(List.of("--dtype", backend.dtype()));
        return new Peer(command);
    }

    /** How far a sum of products of one sign may be off, relatively: float32's sums, or two operands of bf16. */
    double tolerance() {
        return backend.products() == DType.F32 ? 1e-4 : 0x1p-8;
    }
}
