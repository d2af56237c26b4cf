package candor.api;

import java.nio.file.Path;

/**
 * What came of a {@link Tuning}.
 *
 * @param result   the adapter's folder in PEFT's layout, which {@link ChatModel.Opening#adapter} takes
 * @param steps    optimiser steps that were done
 * @param finished whether it came to its end; where somebody stopped it, it did not, and {@code resume} goes on
 */
public record Tuned(Path result, long steps, boolean finished) {}
