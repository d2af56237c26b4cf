package candor.ops;

import candor.ops.op.Op;
import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.EventType;
import jdk.jfr.FlightRecorder;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** One operation of a backend, in a flight recording. */
@Name("candor.Operation")
@Label("Operation")
@Category("Candor")
@Description("An operation of a backend, from its call until its results are there")
@StackTrace(false)
final class OperationEvent extends Event {
    /** Looked at only where somebody has recorded something: loading it starts the recorder. */
    private static final class OfType {
        static final EventType TYPE = EventType.getEventType(OperationEvent.class);
    }

    @Label("Operation")
    String operation;

    @Label("Rows")
    @Description("Rows of the operand that has one for each token, or target")
    int rows;

    /** An event that has begun, or null while nobody records. */
    static OperationEvent started() {
        if (!FlightRecorder.isInitialized() || !OfType.TYPE.isEnabled()) {
            return null;
        }
        OperationEvent event = new OperationEvent();
        event.begin();
        return event;
    }

    /** Its results are there. */
    void finish(Op op) {
        operation = op.name();
        rows = op.rows();
        commit();
    }
}
