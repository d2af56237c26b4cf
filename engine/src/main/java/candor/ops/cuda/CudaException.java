package candor.ops.cuda;

/** A call of the C API that failed: the message names the operation, its shapes, CUDA's code and the source line. */
public final class CudaException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int code;

    CudaException(String message, int code) {
        super(message);
        this.code = code;
    }

    /** CUDA's code, or one of the C API's own. */
    public int code() {
        return code;
    }
}
