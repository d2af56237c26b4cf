package candor.data.read;

/** The first bytes by which kinds of files are told. */
final class Magic {
    private Magic() {}

    /** Whether bytes begin with others, given as 0 to 255. */
    static boolean starts(byte[] bytes, int... with) {
        if (bytes.length < with.length) {
            return false;
        }
        for (int i = 0; i < with.length; i++) {
            if ((bytes[i] & 0xff) != with[i]) {
                return false;
            }
        }
        return true;
    }
}
