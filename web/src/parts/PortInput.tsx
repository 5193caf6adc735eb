import { NumberInput, type NumberInputProps } from "@mantine/core";

/** The number of a port. */
export function PortInput(props: NumberInputProps) {
  return <NumberInput min={1} max={65535} allowDecimal={false} allowNegative={false} hideControls {...props} />;
}
