package candor.probe;

import candor.data.EncodedRow;

/**
 * A probe as a model reads it: its conversation with either reply; the targets are the reply's tokens and what ends it.
 *
 * @param truthful   T tokens
 * @param untruthful U tokens
 */
public record EncodedProbe(String id, ProbeKind kind, EncodedRow truthful, EncodedRow untruthful) {}
