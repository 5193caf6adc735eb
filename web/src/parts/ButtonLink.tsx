import { Button, type ButtonProps } from "@mantine/core";
import type { AriaAttributes, ReactNode } from "react";
import { PlainLink } from "./PlainLink";

interface ButtonLinkProps extends ButtonProps, AriaAttributes {
  to: string;
  children: ReactNode;
}

/** A link that looks like a button. */
export function ButtonLink({ to, children, ...rest }: ButtonLinkProps) {
  return (
    <Button component={PlainLink} to={to} {...rest}>
      {children}
    </Button>
  );
}
