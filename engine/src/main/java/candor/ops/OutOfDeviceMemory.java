package candor.ops;

import candor.BadInput;

/** A device has no more memory. What to ask less of, whoever asked knows. */
public final class OutOfDeviceMemory extends BadInput {
    private static final long serialVersionUID = 1L;

    public OutOfDeviceMemory(String message) {
        super(message);
    }
}
