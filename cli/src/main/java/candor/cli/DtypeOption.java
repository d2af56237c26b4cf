package candor.cli;

import candor.ops.AskedDtype;
import picocli.CommandLine.Option;

/** What products are computed in. */
final class DtypeOption {
    static final String LABEL = "TYPE";

    static final String HELP =
            "What the operands of matrix products are rounded to, float32 or bfloat16; sums stay float32. auto:"
                    + " float32 on the CPU, bfloat16 on a GPU, which has no other.";

    @Option(names = "--dtype", paramLabel = LABEL, description = HELP)
    AskedDtype dtype = AskedDtype.AUTO;
}
