package candor.export.gguf;

/**
 * A tensor of a file.
 *
 * @param name   at most 63 bytes of ASCII, the most that ggml takes
 * @param rows   1 for a vector
 * @param cols   neighbours in memory; whole blocks of the type
 * @param vector whether it is stored with one dimension
 */
public record GgufTensor(String name, GgmlType type, int rows, int cols, boolean vector) {
    static final int MOST_NAME = 63;

    public GgufTensor {
        if (name.isEmpty() || name.length() > MOST_NAME || rows < 1 || cols < 1 || vector && rows != 1) {
            throw new IllegalArgumentException("tensor " + name + " of " + rows + " × " + cols);
        }
        if (cols % type.blockElements() != 0) {
            throw new IllegalArgumentException("tensor " + name + ": rows of " + cols + " in blocks of " + type);
        }
    }

    public long bytes() {
        return rows * type.rowBytes(cols);
    }
}
